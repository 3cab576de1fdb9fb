package store

import "partnerbot/approvals"

// OpenRecord and EraseWords are how a record is read, and how its words are taken out.
func OpenRecord(text []byte) (approvals.Entry, error) { return openRecord(text) }

// EraseWords takes the words out of a record.
func EraseWords(text []byte) ([]byte, error) { return eraseWords(text) }

// Seal makes the record of an entry after a head.
func Seal(k Keys, after Head, e approvals.Entry, r approvals.Request) ([]byte, Head, error) {
	u, err := encodeEntry(e, r, opens(e))
	if err != nil {
		return nil, Head{}, err
	}
	record, head := k.sealer().seal(after, u)
	return record, head, nil
}

// OfDisk adds what an operator should do to an error of the disk.
func OfDisk(err error) error { return ofDisk(err) }

// Healthy is whether Writable knows without trying.
func (b *Bolt) Healthy() bool { return b.health.isGood() }
