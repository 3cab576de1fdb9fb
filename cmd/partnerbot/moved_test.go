package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAStoreThatWasMovedAwaySaysSo to everybody who still comes to it: nobody is
// erased there, and what is read there is said to be old.
func TestAStoreThatWasMovedAwaySaysSo(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	r.end(syscall.SIGTERM)
	folder := t.TempDir()
	old, is := "bolt:"+r.file(), "bolt:"+filepath.Join(folder, "new.db")
	r.operates("", "copy", "--from", old, "--to", is).must(t, exitWell, "", "")
	const moved = " was moved to bolt:"
	r.does("erase", "--guest", jane, "--yes").must(t, exitFailed, "", moved+filepath.Join(folder, "new.db"))
	for _, args := range [][]string{
		{"backup", "--out", filepath.Join(folder, "old.db")},
		{"audit", "verify"},
		{"audit", "head"},
		{"audit", "export"},
	} {
		r.does(args...).must(t, exitWell, "1", moved+filepath.Join(folder, "new.db"))
		if args[0] == "backup" {
			args[2] += "2"
		}
		if said := r.operates("", append(args, "--store", is)...).must(t, exitWell, "1", ""); strings.Contains(said.errs, moved) {
			t.Errorf("%v of the new store: %s", args, said.errs)
		}
	}
}

// TestNothingIsPutIntoAStoreThatServes says who has it, before anything is read.
func TestNothingIsPutIntoAStoreThatServes(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	r.p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	saved := filepath.Join(t.TempDir(), "saved.db")
	r.does("backup", "--out", saved).must(t, exitWell, "", "")
	const stop = "partnerbot serves on it: stop it, and name a store that is not there yet"
	r.does("restore", "--from", saved).must(t, exitFailed, "", stop)
	r.operates("", "copy", "--from", "bolt:"+saved, "--to", "bolt:"+r.file()).must(t, exitFailed, "", stop)
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
	r.p.asks(ann, sly, "Project Falcon", "30 days", "and on it goes")
	r.p.sees(sam, falconSponsors, "INV-2", "[Approve]")
}
