package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// tally is how many requests there are for guests of a base domain, or how many
// more there are by a change.
type tally struct{ pending, live, active, past int64 }

func (t tally) plus(u tally) tally {
	return tally{t.pending + u.pending, t.live + u.live, t.active + u.active, t.past + u.past}
}

func (t tally) minus(u tally) tally {
	return t.plus(tally{-u.pending, -u.live, -u.active, -u.past})
}

// counted is the tally without numbers that no domain can have. There are some to be
// left out only where another version of the program knew another base of a domain.
func (t tally) counted() tally {
	live := max(t.live, 0)
	return tally{max(t.pending, 0), live, min(max(t.active, 0), live), max(t.past, 0)}
}

// requests is how many they are; those that are active are live.
func (t tally) requests() int64 { return t.pending + t.live + t.past }

func (t tally) count() approvals.DomainCount {
	return approvals.DomainCount{Pending: int(t.pending), Live: int(t.live), Active: int(t.active), Before: int(t.past)}
}

// tallyOf is what a request counts as in each of its domains. One for several
// counts as nothing once its guests have requests of their own.
func tallyOf(r approvals.Request) tally {
	if len(r.Children) > 0 {
		return tally{}
	}
	switch r.State {
	case approvals.Pending:
		return tally{pending: 1}
	case approvals.Inviting, approvals.Invited:
		return tally{live: 1}
	case approvals.Active:
		return tally{live: 1, active: 1}
	case approvals.Ending, approvals.Denied, approvals.Cancelled, approvals.TimedOut, approvals.Ended, approvals.Failed:
		return tally{past: 1}
	case approvals.Split:
	}
	return tally{}
}

// domainsOf are the base domains that a request counts in, each once. One whose
// guest was erased has no address, and so counts nowhere.
func domainsOf(r approvals.Request) []string {
	if tallyOf(r) == (tally{}) {
		return nil
	}
	var all []string
	for _, email := range r.Addresses() {
		at := strings.LastIndexByte(email, '@')
		domain := approvals.BaseDomain(email[at+1:])
		if at >= 0 && domain != "" && !slices.Contains(all, domain) {
			all = append(all, domain)
		}
	}
	return all
}

// tallied is how a change of a request changes what is counted, by domain.
func tallied(was, is approvals.Request) map[string]tally {
	before, after, from, to := tallyOf(was), tallyOf(is), domainsOf(was), domainsOf(is)
	if before == after && slices.Equal(from, to) {
		return nil
	}
	by := map[string]tally{}
	for _, domain := range from {
		by[domain] = by[domain].minus(before)
	}
	for _, domain := range to {
		by[domain] = by[domain].plus(after)
	}
	return by
}

// decision is what people decided about a request, if they did: somebody denied
// it, or it was approved. One that was cancelled or timed out was not decided.
func decision(r approvals.Request) (approvals.Decision, bool) {
	switch r.State {
	case approvals.Denied:
		if r.Closed != nil && r.Closed.By.User != "" {
			return approvals.Decision{ID: r.ID, State: r.State, By: r.Closed.By, At: r.Closed.At}, true
		}
	case approvals.Inviting, approvals.Invited, approvals.Active, approvals.Ending, approvals.Ended, approvals.Failed:
		for _, v := range slices.Backward(r.Votes) {
			if v.Verdict == approvals.Approve {
				return approvals.Decision{ID: r.ID, State: r.State, By: v.By, At: v.At}, true
			}
		}
	case approvals.Pending, approvals.Split, approvals.Cancelled, approvals.TimedOut:
	}
	return approvals.Decision{}, false
}

// newestDecisions is how many decisions are told of a domain.
const newestDecisions = 3

// Domain implements approvals.Reader. It costs a few requests, however many there are.
func (b *Bolt) Domain(ctx context.Context, domain string) (c approvals.DomainCount, err error) {
	if err := ctx.Err(); err != nil {
		return c, err
	}
	domain = approvals.BaseDomain(domain)
	err = b.view(func(tx *bbolt.Tx) error {
		t, err := tallyAt(tx.Bucket(bucketDomains), domain)
		if err != nil {
			return err
		}
		c = t.count()
		c.Last, err = newestIn(tx, domain)
		return err
	})
	if err != nil {
		return approvals.DomainCount{}, fmt.Errorf("counting the requests of a domain: %w", err)
	}
	return c, nil
}

// newestIn are the newest decisions about a domain, newest first.
func newestIn(tx *bbolt.Tx, domain string) (newest []approvals.Decision, err error) {
	from := prefix(domain)
	c := tx.Bucket(bucketDecided).Cursor()
	k, _ := c.Seek(append([]byte(domain), 1)) // behind all that begin so
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	for ; bytes.HasPrefix(k, from) && len(newest) < newestDecisions; k, _ = c.Prev() {
		if len(k) != len(from)+timeSize+numberSize {
			return nil, corrupt(bucketDecided, k, "it is not a time and a number")
		}
		r, err := indexed(tx.Bucket(bucketRequests), bucketDecided, k, k[len(k)-numberSize:])
		if err != nil {
			return nil, err
		}
		d, ok := decision(r)
		if !ok || !bytes.Equal(decidedKey(domain, d), k) {
			return nil, corrupt(bucketDecided, k, "its request was not decided then")
		}
		newest = append(newest, d)
	}
	return newest, nil
}

// tallySize is that of a value of the bucket domains: four numbers.
const tallySize = 4 * numberSize

// tallyAt reads what is counted in a domain.
func tallyAt(domains *bbolt.Bucket, domain string) (t tally, err error) {
	if domain == "" {
		return tally{}, nil
	}
	value := domains.Get([]byte(domain))
	switch len(value) {
	case 0:
		return tally{}, nil
	case tallySize:
	default:
		return tally{}, corrupt(bucketDomains, []byte(domain), fmt.Sprintf("it has %d bytes", len(value)))
	}
	for i, n := range []*int64{&t.pending, &t.live, &t.active, &t.past} {
		*n = int64(binary.BigEndian.Uint64(value[i*numberSize:])) //nolint:gosec // undoes bytes
	}
	return t, nil
}

func (t tally) bytes() []byte {
	b := make([]byte, 0, tallySize)
	for _, n := range []int64{t.pending, t.live, t.active, t.past} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // a count
	}
	return b
}

// keepDomains counts a change of a request in its domains. Of a domain in which
// nothing is counted nothing is left, not even its name: it may be a person's.
func (t *tables) keepDomains(was, is approvals.Request) error {
	for domain, by := range tallied(was, is) {
		sum, err := tallyAt(t.domains, domain)
		if err != nil {
			return err
		}
		if sum = sum.plus(by).counted(); sum.requests() > 0 {
			err = t.domains.Put([]byte(domain), sum.bytes())
		} else {
			err = t.domains.Delete([]byte(domain))
		}
		if err != nil {
			return err
		}
	}
	return moveAll(t.decided, decidedKeys(was), decidedKeys(is), nil)
}

// decidedKeys are where a request that was decided stands in the bucket decided.
func decidedKeys(r approvals.Request) (keys [][]byte) {
	d, ok := decision(r)
	if !ok {
		return nil
	}
	for _, domain := range domainsOf(r) {
		keys = append(keys, decidedKey(domain, d))
	}
	return keys
}

// decidedKey sorts by when it was decided.
func decidedKey(domain string, d approvals.Decision) []byte {
	return binary.BigEndian.AppendUint64(appendTime(prefix(domain), d.At), d.ID.Number())
}
