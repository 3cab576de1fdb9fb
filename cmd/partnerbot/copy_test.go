package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"partnerbot/approvals"
	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// TestACompanyMoves from bbolt to PostgreSQL and back, in the middle of a
// request. While it serves it does not move, and where it was it serves no more.
func TestACompanyMoves(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	p := r.p
	file, database := "bolt:"+r.file(), pgtest.URL(t)
	r.start()
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	p.sees(sam, falconSponsors, "INV-1", "Entra has", "[Approve]") // the second entry
	move := func(from, to string) said { return r.operates("", "copy", "--from", from, "--to", to) }
	move(file, database).must(t, exitFailed, "", "stop it first")
	r.end(syscall.SIGTERM)
	if done := move(file, database).must(t, exitWell, "holds 1 requests (1 pending), 2 entries of the trail", ""); !strings.Contains(done.out, " 0 incidents;") {
		t.Errorf("the mark of the old store is counted:\n%s", done.out)
	}
	r.refuses("was moved to postgres://")
	move(file, database).must(t, exitFailed, "", "not empty")

	r.livesIn(database)
	r.start()
	p.must(p.presses(sam, "INV-1", "Approve"))
	p.eventually("the guest in the group", p.inGroup(jane, "Project Falcon"))
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
	back := "bolt:" + filepath.Join(t.TempDir(), "back.db")
	move(database, back).must(t, exitFailed, "", "stop it first")
	if _, err := os.Stat(strings.TrimPrefix(back, "bolt:")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused copy left a file: %v", err)
	}
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
	r.end(syscall.SIGTERM)
	move(database, back).must(t, exitWell, "holds 1 requests (1 ", "")
	r.refuses("was moved to bolt:")

	r.livesIn(back)
	r.start()
	p.asks(ann, sly, "Project Falcon", "30 days", "and on it goes")
	p.sees(sam, falconSponsors, "INV-2", "[Approve]")
	r.does("audit", "verify").must(t, exitWell, "of 2 requests", "")
}

// refuses holds `serve` to not starting.
func (r *process) refuses(why string) {
	r.p.t.Helper()
	cmd := r.command()
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), why) {
		r.p.t.Errorf("exit status %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

// TestACopyThatFailsLeavesTheCompanyWhereItIs tries to move onto what is there.
func TestACopyThatFailsLeavesTheCompanyWhereItIs(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	r.end(syscall.SIGTERM)
	other := filepath.Join(t.TempDir(), "other.db")
	r.operates("", "backup", "--config", r.path, "--out", other).must(t, exitWell, "", "")
	r.operates("", "copy", "--from", "bolt:"+r.file(), "--to", "bolt:"+other).must(t, exitFailed, "", "not empty")
	r.start()
	r.p.sees(sam, falconSponsors, "INV-1", "[Approve]")
}

// TestACopyWhoseTrailDoesNotHoldIsRefused unless somebody insists; either way the
// new store is whole or not there.
func TestACopyWhoseTrailDoesNotHoldIsRefused(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	r.end(syscall.SIGTERM)
	tampers(t, r.file(), "requests", func(_, v []byte) []byte {
		return []byte(strings.Replace(string(v), jane, "eve@evil.example", 1))
	})
	other := filepath.Join(t.TempDir(), "other.db")
	r.operates("", "copy", "--from", "bolt:"+r.file(), "--to", "bolt:"+other).must(t, exitFailed, "", "--unverified")
	if left, err := os.ReadDir(filepath.Dir(other)); err != nil || len(left) > 0 {
		t.Errorf("what is left: %v, %v", left, err)
	}
	r.operates("", "copy", "--unverified", "--from", "bolt:"+r.file(), "--to", "bolt:"+other).must(t, exitWell, "holds 1 requests", "not who was asked in")
	r.does("audit", "verify", "--store", "bolt:"+other).must(t, exitFailed, "not who was asked in", "")
}

// TestACopyOfWhatWasWrittenMeanwhileIsRefused compares stores that ceased to be
// the same.
func TestACopyOfWhatWasWrittenMeanwhileIsRefused(t *testing.T) {
	ctx := t.Context()
	opened := func() *store.Bolt {
		db, err := store.Open(filepath.Join(t.TempDir(), "x.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	from, to := opened(), opened()
	if err := sameHead(ctx, from, to); err != nil {
		t.Error(err)
	}
	_, err := from.Create(ctx, "", func(id approvals.RequestID, _ *approvals.Request) (approvals.Change, error) {
		plan := approvals.Plan{Requester: approvals.PersonID{User: ann}, Guest: approvals.Guest{Email: jane}, Access: approvals.Access{ID: "falcon"}}
		return approvals.Open(id, plan, approvals.Limits{}, time.Now()), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sameHead(ctx, from, to); err == nil {
		t.Error("it is taken")
	}
}
