package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
)

// BenchmarkCreate compares the shared commits of the stores with what would be
// plainly written instead: one bbolt Update for every request, over the same keys.
func BenchmarkCreate(b *testing.B) {
	for _, writers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("store/%d", writers), func(b *testing.B) {
			s := openBolt(b, filepath.Join(b.TempDir(), "requests.db"))
			parallel(b, writers, func(n int64) error {
				email := guestNo(int(n))
				_, err := s.Create(context.Background(), approvals.LiveKey(email, "falcon"), openChange(email))
				return err
			})
		})
		b.Run(fmt.Sprintf("postgres/%d", writers), func(b *testing.B) {
			s := openPostgres(b, pgURL(b))
			parallel(b, writers, func(n int64) error {
				email := guestNo(int(n))
				_, err := s.Create(context.Background(), approvals.LiveKey(email, "falcon"), openChange(email))
				return err
			})
		})
		b.Run(fmt.Sprintf("one Update a request/%d", writers), func(b *testing.B) {
			db := plainFile(b)
			parallel(b, writers, func(n int64) error { return plainCreate(db, guestNo(int(n))) })
		})
	}
}

// parallel has as many writers at work at once.
func parallel(b *testing.B, writers int, write func(n int64) error) {
	var n atomic.Int64
	work := make(chan struct{})
	done := make(chan error, writers)
	for range writers {
		go func() {
			for range work {
				if err := write(n.Add(1)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	b.ResetTimer()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	for range writers {
		must(b, <-done)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

func plainFile(b *testing.B) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "plain.db"), 0o600, nil)
	must(b, err)
	b.Cleanup(func() { must(b, db.Close()) })
	must(b, db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"requests", "trail", "live", "pending", "mine", "owed", "due"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}))
	return db
}

func plainCreate(db *bbolt.DB, email string) error {
	return db.Update(func(tx *bbolt.Tx) error {
		n, err := tx.Bucket([]byte("requests")).NextSequence()
		if err != nil {
			return err
		}
		if tx.Bucket([]byte("live")).Get([]byte(email)) != nil {
			return errTest
		}
		c := pending(approvals.NewID(n), email)
		request, err := json.Marshal(c.Request)
		if err != nil {
			return err
		}
		entry, err := json.Marshal(c.Entries[0])
		if err != nil {
			return err
		}
		row, err := json.Marshal(approvals.Owed{Kind: cards, Request: c.Request.ID, Version: 1, Due: nine})
		if err != nil {
			return err
		}
		key := fmt.Appendf(nil, "%08d", n)
		for _, put := range []struct {
			bucket     string
			key, value []byte
		}{
			{"requests", key, request},
			{"trail", append(key, key...), entry},
			{"live", []byte(email), key},
			{"pending", key, nil},
			{"mine", append([]byte("U0ANN"), key...), nil},
			{"owed", append(key, "cards"...), row},
			{"owed", append(key, "clock"...), row},
			{"due", append([]byte("1cards"), key...), nil},
			{"due", append([]byte("2clock"), key...), nil},
		} {
			if err := tx.Bucket([]byte(put.bucket)).Put(put.key, put.value); err != nil {
				return err
			}
		}
		return nil
	})
}
