package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
)

// auditKey seals the trails of these tests.
const auditKey = "0123456789abcdef0123456789abcdef-of-the-tests"

// said is what became of a command.
type said struct {
	status    int
	out, errs string
}

// newCompany is a process whose trail is sealed with auditKey.
func newCompany(t *testing.T) *process {
	t.Helper()
	r := newProcess(t, "http", false)
	r.env = append(r.env, "PARTNERBOT_AUDIT_KEY="+auditKey)
	return r
}

// operates runs a command of the program, as an operator of this company does,
// with what they type.
func (r *process) operates(typed string, args ...string) said {
	t := r.p.t
	t.Helper()
	scratch := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(slices.Clone(r.env), asChild+"=1", "TMPDIR="+scratch)
	cmd.Stdin = strings.NewReader(typed)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("%v left %v in TMPDIR (%v)", args, left, err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// does is operates for a command about the store of the configuration.
func (r *process) does(args ...string) said {
	r.p.t.Helper()
	return r.operates("", append(args, "--config", r.path)...)
}

// file is where the store of the configuration is.
func (r *process) file() string { return filepath.Join(r.p.set.data, demoStore) }

// must holds what was said against a status and a part of either stream.
func (s said) must(t testing.TB, status int, out, errs string) said {
	t.Helper()
	if s.status != status || !strings.Contains(s.out, out) || !strings.Contains(s.errs, errs) {
		t.Fatalf("status %d, want %d with %q and %q\nout: %s\nerr: %s", s.status, status, out, errs, s.out, s.errs)
	}
	return s
}

// tampers changes a value of a store's file behind the program's back.
func tampers(t testing.TB, path, bucket string, change func(key, value []byte) []byte) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := false
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		key, value := b.Cursor().First()
		after := change(bytes.Clone(key), bytes.Clone(value))
		changed = !bytes.Equal(value, after)
		return b.Put(bytes.Clone(key), after)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if !changed {
		t.Fatal("nothing was tampered with")
	}
}

// TestTheAuditTrailIsVerified asks while serve runs and while it does not, and
// finds what was changed between.
func TestTheAuditTrailIsVerified(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	r.p.sees(sam, falconSponsors, "INV-1", "Entra has", "[Approve]") // the second entry
	r.does("audit", "verify").must(t, exitWell, "The trail holds: 2 entries of 1 requests; head 2:", "")
	head := strings.TrimSpace(r.does("audit", "head").must(t, exitWell, "2:", "").out)
	if logged := r.log.String(); !strings.Contains(logged, `"msg":"audit head"`) || strings.Contains(logged, auditKey) || strings.Contains(logged, "without a key") {
		t.Errorf("the log:\n%s", logged)
	}
	early, err := os.ReadFile(r.file())
	r.p.must(err)

	r.p.must(r.p.presses(sam, "INV-1", "Approve"))
	r.p.eventually("the guest in the group", r.p.inGroup(jane, "Project Falcon"))
	r.does("audit", "verify", "--head", head).must(t, exitWell, "The trail holds", "")
	if status := r.end(syscall.SIGTERM); status != exitWell || !strings.Contains(r.log.String(), `"head":"`+strings.TrimSpace(r.does("audit", "head").out)+`"`) {
		t.Errorf("status %d, and the last head is not in the log:\n%s", status, r.log.String())
	}
	later := strings.TrimSpace(r.does("audit", "head").must(t, exitWell, ":", "").out)
	r.does("audit", "verify", "--head", later).must(t, exitWell, "The trail holds", "")

	whole, err := os.ReadFile(r.file())
	r.p.must(err)
	r.p.must(os.WriteFile(r.file(), early, 0o600))
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
	r.does("audit", "verify", "--head", later).must(t, exitFailed, "cut off or replaced", "does not hold: 1 findings")

	r.p.must(os.WriteFile(r.file(), whole, 0o600))
	tampers(t, r.file(), "requests", func(_, v []byte) []byte {
		return bytes.Replace(v, []byte(jane), []byte("eve@evil.example"), 1)
	})
	r.does("audit", "verify").must(t, exitFailed, "INV-1: the guest is not who was asked in", "does not hold")
	r.start() // and through the socket as well
	r.does("audit", "verify").must(t, exitFailed, "INV-1: the guest is not who was asked in", "does not hold")
}

// TestAnotherKeyDoesNotVerify asks without the key and with a wrong one.
func TestAnotherKeyDoesNotVerify(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	sum := sha256.Sum256([]byte(auditKey))
	sealed := "it is sealed with the key " + hex.EncodeToString(sum[:])[:8]
	for key, want := range map[string]string{
		"":                           sealed + ": set PARTNERBOT_AUDIT_KEY\n",
		strings.Repeat("another", 6): sealed + ", which is not the one you gave: set PARTNERBOT_AUDIT_KEY to that\n",
	} {
		r.env = append(r.env, "PARTNERBOT_AUDIT_KEY="+key)
		if said := r.does("audit", "verify").must(t, exitUsage, "", want); said.out != "" || strings.Count(said.errs, "\n") != 1 {
			t.Errorf("it says more:\n%s%s", said.out, said.errs)
		}
	}
	r.env = append(r.env, "PARTNERBOT_AUDIT_KEY="+strings.Repeat("another", 6)+"\n"+auditKey)
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
}

// TestAServeWithoutAKeyWarns and says how to make one.
func TestAServeWithoutAKeyWarns(t *testing.T) {
	t.Parallel()
	r := newProcess(t, "http", false)
	r.start()
	if logged := r.log.String(); strings.Count(logged, "sealed without a key") != 1 || !strings.Contains(logged, "partnerbot audit key") {
		t.Errorf("the log:\n%s", logged)
	}
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	r.does("audit", "verify").must(t, exitWell, "without a key", "")
	made := r.operates("", "audit", "key").must(t, exitWell, "", "PARTNERBOT_AUDIT_KEY_FILE")
	if key := strings.TrimSpace(made.out); len(key) != 64 || key == strings.TrimSpace(r.operates("", "audit", "key").out) {
		t.Errorf("the key is %q", key)
	}
}

// TestOperatorsMistakes holds what is said to whoever asks for what cannot be done.
func TestOperatorsMistakes(t *testing.T) {
	folder := t.TempDir()
	taken := filepath.Join(folder, "taken")
	if err := os.WriteFile(taken, []byte("not a store, and far too short to be one"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(taken, link); err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2"
	lost := "postgres://bot:" + secret + "@127.0.0.1:1/partnerbot"
	none := "bolt:" + filepath.Join(folder, "none.db")
	tests := []struct {
		name   string
		args   []string
		status int
		err    string
	}{
		{"no configuration", []string{"audit", "verify", "--config", filepath.Join(folder, "none.yaml")}, exitUsage, "--store"},
		{"no such store", []string{"audit", "verify", "--store", none}, exitFailed, "there is no store at"},
		{"a store of no kind", []string{"audit", "verify", "--store", "mysql://bot:" + secret + "@db/x"}, exitUsage, "write bolt:FILE"},
		{"a store that counts from the working folder", []string{"audit", "verify", "--store", "bolt:none.db"}, exitFailed, "there is no store at /"},
		{"what is no store", []string{"audit", "verify", "--store", "bolt:" + taken}, exitFailed, "not a partnerbot store"},
		{"what is no head", []string{"audit", "verify", "--store", none, "--head", "17"}, exitUsage, "--head"},
		{"a database that is away", []string{"audit", "head", "--store", lost}, exitFailed, "cannot be reached"},
		{"an address that is none", []string{"audit", "head", "--store", "postgres://bot:" + secret + "@db:port/x"}, exitUsage, "cannot be read"},
		{"a password that is no part of an address", []string{"audit", "head", "--store", "postgres://bot:" + secret + "%zz@db/x"}, exitUsage, "%2F for /"},
		{"an address that the driver does not take", []string{"audit", "head", "--store", "postgres://bot:" + secret + "@db/x?sslmode=no"}, exitFailed, "sslmode"},
		{"no format", []string{"audit", "export", "--store", none, "--format", "xls"}, exitUsage, "jsonl"},
		{"no date", []string{"audit", "export", "--store", none, "--since", "yesterday"}, exitUsage, "2026-01-31"},
		{"no request", []string{"audit", "export", "--store", none, "--request", "seven"}, exitUsage, "INV-7"},
		{"an export over a file", []string{"audit", "export", "--store", none, "--out", taken}, exitFailed, "is there already"},
		{"nobody to erase", []string{"erase", "--store", none}, exitUsage, "--guest"},
		{"no address to erase", []string{"erase", "--store", none, "--guest", "jane"}, exitUsage, "--guest"},
		{"a backup over a file", []string{"backup", "--store", none, "--out", taken}, exitFailed, "is there already"},
		{"a backup of nothing", []string{"backup", "--store", none, "--out", filepath.Join(folder, "out.db")}, exitFailed, "there is no store at"},
		{"a backup in no folder", []string{"backup", "--store", none, "--out", filepath.Join(folder, "no", "out.db")}, exitFailed, "no"},
		{"no backup to restore", []string{"restore", "--store", none, "--from", filepath.Join(folder, "gone.db")}, exitFailed, "there is no backup at " + filepath.Join(folder, "gone.db")},
		{"a folder to restore", []string{"restore", "--store", none, "--from", folder}, exitFailed, folder + " is a folder"},
		{"what is no backup", []string{"restore", "--store", none, "--from", taken}, exitFailed, "not a partnerbot store"},
		{"a copy onto itself", []string{"copy", "--from", none, "--to", none}, exitUsage, "both name"},
		{"a copy onto itself by another name", []string{"copy", "--from", none, "--to", "bolt:" + folder + "/./none.db"}, exitUsage, "both name"},
		{"a copy onto itself by a link", []string{"copy", "--from", "bolt:" + taken, "--to", "bolt:" + link}, exitUsage, "both name"},
		{"a copy of nothing", []string{"copy", "--from", none, "--to", "bolt:" + filepath.Join(folder, "new.db")}, exitFailed, "there is no store at"},
		{"a copy to nowhere", []string{"copy", "--from", none}, exitUsage, "--to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs journal
			got := run(t.Context(), tt.args, program{env: func(string) string { return "" }, in: strings.NewReader(""), out: &out, err: &errs})
			if got != tt.status || !strings.Contains(errs.String(), tt.err) || out.String() != "" {
				t.Errorf("status %d, want %d\nout: %s\nerr: %s", got, tt.status, out.String(), errs.String())
			}
			if strings.Contains(errs.String(), secret) {
				t.Errorf("the password is in:\n%s", errs.String())
			}
		})
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("what is left: %v, %v", left, err)
	}
}
