package store_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"partnerbot/approvals"
	"partnerbot/store"
)

func TestARowThatCannotBeReadIsPassedOver(t *testing.T) {
	lane := "slack\x00"
	first := func(tx *bbolt.Tx) []byte {
		k, _ := tx.Bucket([]byte("due")).Cursor().First()
		return bytes.Clone(k)
	}
	tests := []struct {
		name  string
		spoil func(tx *bbolt.Tx) error
		left  int // of the three that are due
	}{
		{"a row that is no JSON", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("owed")).Put(append(number8(1), "cards"...), []byte("{"))
		}, 2},
		{"a row of another request", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("owed")).Put(append(number8(1), "cards"...), []byte(`{"kind":"cards","request":"INV-2"}`))
		}, 2},
		{"a row that is missing", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("owed")).Delete(append(number8(1), "cards"...))
		}, 2},
		{"a due time that is none", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("due")).Put([]byte(lane+"x"), nil) }, 3},
		{"a due time that is another", func(tx *bbolt.Tx) error {
			k := first(tx)
			k[len(lane)+7]--
			return tx.Bucket([]byte("due")).Put(k, nil)
		}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "requests.db")
			s := openBolt(t, path)
			for n := range 3 {
				create(t, s, guestNo(n))
			}
			must(t, s.Close())
			edit(t, path, tt.spoil)
			var logged bytes.Buffer
			s, err := store.Open(path, store.Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
			must(t, err)
			defer func() { must(t, s.Close()) }()
			if rows, next := take(t, s, nine); len(rows) != tt.left || !next.Equal(nine.Add(time.Hour)) {
				t.Errorf("took %v, next %s; want %d rows, next in an hour", rows, next, tt.left)
			}
			take(t, s, nine)
			if n := strings.Count(logged.String(), "passed over"); n != 1 || s.Skipped() != 1 {
				t.Errorf("logged %d times, counted %d: %s", n, s.Skipped(), &logged)
			}
			update(t, s, "INV-1", owing(cards, nine.Add(time.Minute)))
			rows, _ := take(t, s, nine.Add(time.Minute))
			if tt.left == 2 {
				equal(t, "the row, asked for anew", rows, []approvals.Owed{{Kind: cards, Request: "INV-1", Version: 2, Due: nine.Add(time.Minute)}})
			}
		})
	}
}
