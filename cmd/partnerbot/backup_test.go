package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"partnerbot/store/pgtest"
)

// livesIn lets a company keep its requests somewhere else from its next start on.
func (r *process) livesIn(address string) {
	r.p.t.Helper()
	text, err := os.ReadFile(r.path)
	r.p.must(err)
	var kept []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "store:") {
			line = "store: " + address + "\n"
		}
		kept = append(kept, line)
	}
	r.p.must(os.WriteFile(r.path, []byte(strings.Join(kept, "")), 0o600))
}

// TestABackupIsTakenWhileServeRunsAndRestored on both stores; the company goes
// on where the backup was taken.
func TestABackupIsTakenWhileServeRunsAndRestored(t *testing.T) {
	for _, kind := range []string{"bolt", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newCompany(t)
			p := r.p
			empty := func() string { return "bolt:" + filepath.Join(t.TempDir(), "partnerbot.db") }
			if kind == "postgres" {
				empty = func() string { return pgtest.URL(t) }
			}
			r.livesIn(empty())
			r.start()
			p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
			p.sees(sam, falconSponsors, "INV-1", "Entra has", "[Approve]") // the second entry
			file := filepath.Join(t.TempDir(), "backup.db")
			holds := r.does("backup", "--out", file).must(t, exitWell, "holds 1 requests (1 pending), 2 entries of the trail", "").out
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file's mode: %v, %v", info, err)
			}
			r.does("backup", "--out", file).must(t, exitFailed, "", "is there already")
			r.does("audit", "verify", "--store", "bolt:"+file).must(t, exitWell, "The trail holds: 2 entries", "")
			if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
				t.Errorf("beside the backup there are %v, %v", left, err)
			}
			p.must(p.presses(sam, "INV-1", "Approve")) // after the backup, so it is lost
			p.sees(sam, falconSponsors, "INV-1", "Sam")
			r.does("restore", "--from", file).must(t, exitFailed, "", "restoring into")
			r.end(syscall.SIGTERM)
			r.does("restore", "--from", file).must(t, exitFailed, "", "not empty")

			r.livesIn(empty())
			_, same, _ := strings.Cut(holds, "holds")
			r.does("restore", "--from", file).must(t, exitWell, same, "")
			r.does("restore", "--from", file).must(t, exitFailed, "", "not empty")
			r.start()
			p.sees(sam, falconSponsors, "INV-1", "[Approve]")
			p.must(p.presses(sam, "INV-1", "Approve"))
			p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
			r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
		})
	}
}

// TestABackupThatWasTamperedWithIsNotRestored unless somebody insists.
func TestABackupThatWasTamperedWithIsNotRestored(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	file := filepath.Join(t.TempDir(), "backup.db")
	r.does("backup", "--out", file).must(t, exitWell, "holds", "")
	tampers(t, file, "requests", func(_, v []byte) []byte {
		return []byte(strings.Replace(string(v), jane, "eve@evil.example", 1))
	})
	r.end(syscall.SIGTERM)
	r.livesIn("bolt:" + filepath.Join(t.TempDir(), "new.db"))
	r.does("restore", "--from", file).must(t, exitFailed, "", "--unverified")
	r.does("audit", "verify").must(t, exitFailed, "", "there is no store at")
	r.does("restore", "--unverified", "--from", file).must(t, exitWell, "holds 1 requests", "not who was asked in")
}

// TestABackupWithoutTheKey is made all the same, and says what was not looked at.
func TestABackupWithoutTheKey(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	r.env = append(r.env, "PARTNERBOT_AUDIT_KEY=")
	file := filepath.Join(t.TempDir(), "backup.db")
	r.does("backup", "--out", file).must(t, exitFailed, "holds 1 requests", "its trail was not verified")
	r.env = append(r.env, "PARTNERBOT_AUDIT_KEY="+strings.Repeat("another", 6))
	r.does("backup", "--out", file+"2").must(t, exitFailed, "holds 1 requests", "the backup is made")
	r.does("audit", "verify", "--store", "bolt:"+file+"2").must(t, exitUsage, "", "it is sealed with the key")
}

// TestABrokenBackupIsNotRestored cuts one short.
func TestABrokenBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	file := filepath.Join(t.TempDir(), "backup.db")
	r.does("backup", "--out", file).must(t, exitWell, "holds", "")
	r.p.must(os.Truncate(file, int64(5*os.Getpagesize()))) // the file may be longer than what is in it
	r.end(syscall.SIGTERM)
	r.livesIn("bolt:" + filepath.Join(t.TempDir(), "new.db"))
	said := r.does("restore", "--from", file).must(t, exitFailed, "", file)
	if !strings.Contains(said.errs, "the file is damaged: it ends after") {
		t.Errorf("said %q", said.errs)
	}
	r.does("audit", "verify").must(t, exitFailed, "", "there is no store at")
}

// TestBackupsOfOtherVersions restores an older one, which stays as it is, and
// refuses a newer one.
func TestBackupsOfOtherVersions(t *testing.T) {
	packed, err := os.Open("../../store/testdata/schema1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	old, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file, target := filepath.Join(folder, "old.db"), filepath.Join(folder, "new.db")
	if err := os.WriteFile(file, old, 0o600); err != nil {
		t.Fatal(err)
	}
	restore := func() said {
		var out, errs journal
		status := run(t.Context(), []string{"restore", "--from", file, "--store", "bolt:" + target}, program{
			env: func(string) string { return "" }, in: strings.NewReader(""), out: &out, err: &errs,
		})
		return said{status, out.String(), errs.String()}
	}
	restore().must(t, exitWell, "holds 1", "brought up to date")
	if is, err := os.ReadFile(file); err != nil || !bytes.Equal(is, old) {
		t.Errorf("the backup changed (%v)", err)
	}
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	tampers(t, file, "meta", func(_, _ []byte) []byte { return []byte("99") })
	restore().must(t, exitFailed, "", "newer partnerbot")
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("what is left: %v, %v", left, err)
	}
}
