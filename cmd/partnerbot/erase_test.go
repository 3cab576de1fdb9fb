package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"partnerbot/approvals"
	"partnerbot/cmd/partnerbot/config"
	"partnerbot/store/pgtest"
)

// TestAGuestIsErased while serve runs: from the requests, the trail and Slack.
// The trail verifies all the same, and says that it was done.
func TestAGuestIsErased(t *testing.T) {
	for _, kind := range []string{"bolt", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newCompany(t)
			if kind == "postgres" {
				r.livesIn(pgtest.URL(t))
			}
			r.start()
			r.erases(t)
		})
	}
}

// erases is the story of one guest who is to be forgotten.
func (r *process) erases(t *testing.T) {
	t.Helper()
	p := r.p
	p.asks(ann, jane, "Project Falcon", "30 days", "for "+private)
	p.sees(sam, falconSponsors, "INV-1", "[Approve]", jane)
	r.does("erase", "--guest", jane, "--yes").must(t, exitFailed, "INV-1", "INV-1 is pending")
	p.must(p.denies(sam, "no contract with "+jane))
	p.sees(ann, p.world.As(ann).DM(), "INV-1", "no contract")

	r.does("erase", "--guest", sly, "--yes").must(t, exitFailed, "", "no request names "+sly)
	r.does("erase", "--guest", jane).must(t, exitUsage, "INV-1", "--yes")
	r.operates("no\n", "erase", "--guest", jane, "--config", r.path).must(t, exitFailed, "INV-1", "nothing was erased")
	trail := r.does("audit", "export").out
	if !strings.Contains(trail, jane) || !strings.Contains(trail, private) {
		t.Fatalf("there was nothing to erase in:\n%s", trail)
	}

	done := r.operates("yes\n", "erase", "--guest", strings.ToUpper(jane[:1])+jane[1:], "--config", r.path).must(t, exitWell, "Erased from INV-1", "Type yes")
	if strings.Contains(done.out, upgradeLeft) {
		t.Errorf("there are no such copies: %s", done.out)
	}
	trail = r.does("audit", "export").must(t, exitWell, `"event":"erased"`, "").out
	if strings.Contains(trail, jane) || strings.Contains(trail, private) || !strings.Contains(trail, `"erased":true`) || !strings.Contains(trail, sam) {
		t.Errorf("the trail after erasing:\n%s", trail)
	}
	r.does("audit", "verify").must(t, exitWell, "the words of 2 entries are erased", "")
	p.eventually("the card without the guest", func() bool {
		m := p.message(sam, falconSponsors, "INV-1")
		return m.TS != "" && !strings.Contains(m.Plain(), jane) && !strings.Contains(m.Plain(), private)
	})
	p.eventually("the direct message without the guest", func() bool {
		m := p.message(ann, p.world.As(ann).DM(), "INV-1")
		return m.TS != "" && !strings.Contains(m.Plain(), jane) && !strings.Contains(m.Plain(), private)
	})
	r.does("erase", "--guest", jane, "--yes").must(t, exitFailed, "", "no request names "+jane)
	if logged := r.log.String(); strings.Contains(logged, jane) || strings.Contains(logged, private) {
		t.Errorf("the log:\n%s", logged)
	}
}

// TestABackupHoldsNothingThatWasErased looks at the bytes of a file from which
// something was deleted, and of its copy.
func TestABackupHoldsNothingThatWasErased(t *testing.T) {
	at := place{Store: config.Store{Bolt: filepath.Join(t.TempDir(), "x.db")}, log: slog.New(slog.DiscardHandler)}
	db, err := at.make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := func(path string) int {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), private)
	}
	for _, reason := range []string{strings.Repeat(private, 1000), ""} { // the second is kept on other pages
		_, err := db.Incident(t.Context(), "x", func(approvals.Incident) (approvals.Incident, error) {
			return approvals.Incident{Key: "x", Trouble: approvals.Trouble{Text: reason}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := at.copyTo(t.Context(), copied, program{err: t.Output()}); err != nil {
		t.Fatal(err)
	}
	if held(at.Bolt) == 0 || held(copied) > 0 {
		t.Errorf("it is %d times in the file and %d times in the copy", held(at.Bolt), held(copied))
	}
}

// TestAGuestIsErasedWithoutServe changes the file itself; Slack follows when
// serve is back.
func TestAGuestIsErasedWithoutServe(t *testing.T) {
	t.Parallel()
	r := newCompany(t)
	r.start()
	p := r.p
	p.asks(ann, jane, "Project Falcon", "30 days", private)
	p.must(p.denies(olga, "no contract"))
	p.sees(ann, p.world.As(ann).DM(), "INV-1", "no contract")
	r.end(syscall.SIGTERM)
	r.does("erase", "--guest", jane, "--yes").must(t, exitWell, "Erased from INV-1", "")
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
	r.start()
	p.eventually("the card without the guest", func() bool {
		m := p.message(sam, falconSponsors, "INV-1")
		return m.TS != "" && !strings.Contains(m.Plain(), jane) && !strings.Contains(m.Plain(), private)
	})
}
