package store_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"partnerbot/store"
)

func writeFile(path string, b []byte) error { return os.WriteFile(path, b, 0o600) }

func TestCheckFileFindsWhatIsWrong(t *testing.T) {
	one := "\x00\x00\x00\x00\x00\x00\x00\x01"
	put := func(bucket, key, value string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(value)) })
		}
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  error
		says  string
	}{
		{"nothing", func(*testing.T, string) {}, nil, ""},
		{"an older schema", put("meta", "schema", "2"), nil, "brings it up to date"},
		{"a newer schema", put("meta", "schema", "4"), store.ErrNewerSchema, ""},
		{"a page that is not what it was", spoilPage, store.ErrDamaged, ""},
		{"a request that cannot be read", put("requests", one, "{"), store.ErrCorrupt, "bucket requests"},
		{"a row that cannot be read", put("owed", one+"cards", "{"), store.ErrCorrupt, "bucket owed"},
		{"an incident that cannot be read", put("incidents", "x", "{"), store.ErrCorrupt, "bucket incidents"},
		{"an entry that cannot be read", put("trail", one+one, "{"), store.ErrTampered, "entry 1, INV-1"},
		{"a delegation that cannot be read", put("delegations", "U0SAM", "{"), store.ErrTampered, "the delegation by U0SAM is not what"},
		{"no end of the trail", put("meta", "head", ""), store.ErrCorrupt, "bucket meta"},
		{"a text file", func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte("hello"), 0o600)) }, store.ErrNotStore, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "backup.db")
			s := openBolt(t, path)
			populate(t, s)
			must(t, s.Close())
			tt.spoil(t, path)
			_, err := store.CheckFile(t.Context(), path, noKeys, 0)
			if (err != nil) != (tt.want != nil || tt.says != "") || (tt.want != nil && !errors.Is(err, tt.want)) {
				t.Fatalf("got %v; want %v", err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path)) {
				t.Errorf("%q does not name the file or does not say %q", err, tt.says)
			}
		})
	}
	t.Run("a file that is in use", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "requests.db")
		openBolt(t, path)
		_, err := store.CheckFile(t.Context(), path, noKeys, 0)
		refusedWith(t, err, store.ErrInUse)
	})
	t.Run("a file that is not there", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "requests.db")
		if _, err := store.CheckFile(t.Context(), path, noKeys, 0); err == nil {
			t.Error("no error")
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("checking made the file")
		}
	})
}

// spoilPage makes a page of the file be one that is used twice: the root of one
// bucket becomes another's.
func spoilPage(t *testing.T, path string) {
	t.Helper()
	var root, other uint64
	edit(t, path, func(tx *bbolt.Tx) error {
		root, other = uint64(tx.Bucket([]byte("requests")).Root()), uint64(tx.Bucket([]byte("trail")).Root())
		return nil
	})
	b, err := os.ReadFile(path)
	must(t, err)
	changed := false
	for _, name := range []string{"requests"} {
		for i := 0; i+len(name)+8 <= len(b); i++ {
			if at := i + len(name); string(b[i:at]) == name && binary.LittleEndian.Uint64(b[at:]) == root {
				binary.LittleEndian.PutUint64(b[at:], other)
				changed = true
			}
		}
	}
	if !changed {
		t.Fatal("the bucket was not found in the file")
	}
	must(t, os.WriteFile(path, b, 0o600))
}
