package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

const (
	numberSize = 8
	timeSize   = 12
	roomSize   = 32 // for the rest of any key, so that it is made in one piece
)

func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// minePrefix is what all keys of one requester in the bucket mine begin with.
func minePrefix(user string) []byte { return prefix(user) }

// guestPrefix is what all keys of one guest in the bucket guests begin with.
func guestPrefix(email string) []byte { return prefix(strings.ToLower(email)) }

// lanePrefix is what all keys of one lane in the bucket due begin with.
func lanePrefix(lane approvals.Lane) []byte { return prefix(string(lane)) }

// prefix is a name and what parts it from the rest of a key, with room for that.
func prefix(name string) []byte {
	return append(append(make([]byte, 0, len(name)+1+roomSize), name...), 0)
}

// trailKey is where the trail has an entry of a request.
func trailKey(number, n uint64) []byte {
	k := binary.BigEndian.AppendUint64(make([]byte, 0, 2*numberSize), number)
	return binary.BigEndian.AppendUint64(k, n)
}

// row names a row of owed work.
type row struct {
	number uint64
	kind   approvals.Work
}

func rowOf(o approvals.Owed) row { return row{o.Request.Number(), o.Kind} }

// key is the row's in the bucket owed.
func (r row) key() []byte {
	k := binary.BigEndian.AppendUint64(make([]byte, 0, roomSize), r.number)
	return append(k, r.kind...)
}

// dueKey is the row's in the bucket due. In a lane it sorts by time for any time there is.
func (r row) dueKey(due time.Time) []byte {
	k := append(appendTime(lanePrefix(r.kind.Lane()), due), r.kind...)
	return binary.BigEndian.AppendUint64(k, r.number)
}

// appendTime appends a time in timeSize bytes, which sort as times do.
func appendTime(k []byte, t time.Time) []byte {
	k = binary.BigEndian.AppendUint64(k, uint64(t.Unix())^1<<63)    //nolint:gosec // the sign bit is what is wanted
	return binary.BigEndian.AppendUint32(k, uint32(t.Nanosecond())) //nolint:gosec // below a thousand million
}

// parseDueKey reads a key of a lane in the bucket due.
func parseDueKey(lane approvals.Lane, k []byte) (due time.Time, r row, err error) {
	rest, ok := bytes.CutPrefix(k, lanePrefix(lane))
	if !ok || len(rest) < timeSize+numberSize {
		return time.Time{}, row{}, corrupt(bucketDue, k, "too short")
	}
	seconds := int64(binary.BigEndian.Uint64(rest) ^ 1<<63) //nolint:gosec // undoes appendTime
	due = time.Unix(seconds, int64(binary.BigEndian.Uint32(rest[8:]))).UTC()
	kind, number := rest[timeSize:len(rest)-numberSize], rest[len(rest)-numberSize:]
	return due, row{binary.BigEndian.Uint64(number), approvals.Work(kind)}, nil
}

// keysFrom walks the keys of a bucket that begin with a prefix, and their values.
// The bucket must not be changed meanwhile.
func keysFrom(in *bbolt.Bucket, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := in.Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix) && yield(k, v); k, v = c.Next() {
		}
	}
}

// corrupt is the error about a value that is not what was written there.
func corrupt(bucket, key []byte, why any) error {
	return fmt.Errorf("bucket %s, key %q: %w: %v", bucket, key, ErrCorrupt, why)
}

// decodeRequest reads a value of the bucket requests. Nothing of what it
// returns lies in the file, so it may outlive the transaction.
func decodeRequest(key, value []byte) (approvals.Request, error) {
	var r approvals.Request
	if err := json.Unmarshal(value, &r); err != nil {
		return approvals.Request{}, corrupt(bucketRequests, key, err)
	}
	if !bytes.Equal(numberKey(r.ID.Number()), key) || r.State == "" {
		return approvals.Request{}, corrupt(bucketRequests, key, fmt.Sprintf("it is of %q, state %q", r.ID, r.State))
	}
	return r, nil
}

// decodeOwed reads a value of the bucket owed.
func decodeOwed(key, value []byte) (approvals.Owed, error) {
	var o approvals.Owed
	if err := json.Unmarshal(value, &o); err != nil {
		return approvals.Owed{}, corrupt(bucketOwed, key, err)
	}
	if !bytes.Equal(rowOf(o).key(), key) {
		return approvals.Owed{}, corrupt(bucketOwed, key, fmt.Sprintf("it is %s of %q", o.Kind, o.Request))
	}
	return o, nil
}
