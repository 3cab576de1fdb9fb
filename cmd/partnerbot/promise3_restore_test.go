package main

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"partnerbot/approvals"
	"partnerbot/sandbox"
	"partnerbot/store"
)

// TestPromise3AnOldCardLetsNobodyIn restores a backup from before INV-1 was asked
// for, and asks for another INV-1: the buttons and the open form of the old one do
// nothing to the new one, and say so. The new one's do.
func TestPromise3AnOldCardLetsNobodyIn(t *testing.T) {
	t.Parallel()
	const sly = "sly@acme.example"
	r := newCompany(t)
	p, sponsor, requester := r.p, r.p.world.As(sam), r.p.world.As(ann)
	r.start()
	backup := filepath.Join(t.TempDir(), "backup.db")
	r.does("backup", "--out", backup).must(t, exitWell, "holds 0 requests", "")
	p.asks(ann, jane, "Project Falcon", "30 days", "kick-off")
	old := p.sees(sam, falconSponsors, "INV-1", jane, "[Approve]")
	oldDirect := p.sees(ann, requester.DM(), "INV-1", "[Withdraw]")
	p.must(p.presses(sam, "INV-1", "Deny"))
	p.eventually("the form that asks why", func() bool { return sponsor.View() != nil })
	r.end(syscall.SIGTERM)

	restored := filepath.Join(t.TempDir(), "restored.db")
	r.livesIn("bolt:" + restored)
	r.does("restore", "--from", backup).must(t, exitWell, "holds 0 requests", "")
	r.start()
	p.asks(ann, sly, "Project Falcon", "30 days", "kick-off")
	card := p.sees(sam, falconSponsors, "INV-1", sly, "[Approve]")
	if card.TS == old.TS {
		t.Fatal("the new request took the old one's card")
	}
	refused := func(who, channel string, press func() error) {
		t.Helper()
		told := p.hears(who, channel, "older request")
		p.must(press())
		p.eventually("a word about the old card", func() bool { return p.hears(who, channel, "older request") > told })
	}
	p.must(sponsor.Fill("reason", "No contract yet"))
	refused(sam, falconSponsors, func() error { return sponsor.Submit(t.Context()) })
	for _, button := range []string{"Approve", "Deny"} {
		refused(sam, falconSponsors, func() error { return sponsor.ClickText(t.Context(), falconSponsors, old.TS, button) })
	}
	refused(ann, requester.DM(), func() error { return requester.ClickText(t.Context(), requester.DM(), oldDirect.TS, "Withdraw") })
	if now := p.message(sam, falconSponsors, "INV-1", sly); !slices.Contains(now.Buttons(), "Approve") || p.changed() || sponsor.View() != nil {
		t.Errorf("an old card decided, or asked why:\n%s", now.Plain())
	}

	p.must(sponsor.ClickText(t.Context(), falconSponsors, card.TS, "Approve"))
	p.eventually("the new guest in the group", p.inGroup(sly, "Project Falcon"))
	if p.invitations(jane) > 0 {
		t.Error("the old guest was let in")
	}
	r.does("audit", "verify").must(t, exitWell, "The trail holds", "")
	r.end(syscall.SIGTERM)
	want := []string{"deny: old_card", "approve: old_card", "deny: old_card", "withdraw: old_card"}
	if got := refusedIn(t, restored, "INV-1"); !slices.Equal(got, want) {
		t.Errorf("refused in the trail: %q, want %q", got, want)
	}
}

// hears counts the private words to somebody in a channel that say something.
func (p *play) hears(who, channel, words string) int {
	said := p.world.As(who).Sees(channel)
	return len(slices.DeleteFunc(said, func(m sandbox.Message) bool {
		return !m.Ephemeral || m.ForUser != who || !strings.Contains(m.Plain(), words)
	}))
}

// refusedIn are the decisions about a request that were refused at once, oldest first.
func refusedIn(t *testing.T, path string, id approvals.RequestID) (details []string) {
	t.Helper()
	db, err := store.Open(path, store.Options{Reading: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	trail, err := db.Trail(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range trail {
		if e.Event == approvals.EventRefused {
			details = append(details, e.Detail)
		}
	}
	return details
}
