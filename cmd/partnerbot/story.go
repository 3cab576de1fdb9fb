package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"partnerbot/sandbox"
)

// patience is how long the story waits for anything to be seen.
const patience = 20 * time.Second

// The people and places of the story.
const (
	ann, sam, olga, ada, gus, vera = "U0ANN", "U0SAM", "U0OLGA", "U0ADA", "U0GUS", "U0VERA"
	general, falconSponsors        = "C0GENERAL", "C0FALCON"
	jane                           = "jane@acme.example"
)

// story is the product's main job, played by simulated people against the real
// bot. The terminal tells it, and the tests tell the same one.
type story struct {
	world *sandbox.World
	out   io.Writer
	heard map[string]bool // messages that were expected
	began time.Time
}

func newStory(w *sandbox.World, out io.Writer) *story {
	return &story{world: w, out: out, heard: map[string]bool{}, began: time.Now()}
}

// tell plays the story to its end and closes with a table. The error says what
// was not seen.
func (s *story) tell(ctx context.Context) error {
	for _, part := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"Ann types /invite-partner with a colleague's address", s.ask},
		{"the form refuses it at its field, and keeps what she typed", s.inlineError},
		{"she mends it, and the card is in #falcon-sponsors", s.mend},
		{"people who may not decide press Approve, and are told why", s.strangers},
		{"Sam approves, and Entra has the guest", s.approve},
		{"Jane redeems her invitation, and Ann sees that she has joined", s.redeem},
		{"nothing else was said", s.nothingElse},
	} {
		if err := part.play(ctx); err != nil {
			_, lost := fmt.Fprintf(s.out, "  ✗ %s\n", part.title)
			return errors.Join(fmt.Errorf("%s: %w", part.title, err), lost)
		}
		if _, err := fmt.Fprintf(s.out, "  ✓ %5.1f s  %s\n", time.Since(s.began).Seconds(), part.title); err != nil {
			return err
		}
	}
	return s.table()
}

func (s *story) ask(ctx context.Context) error {
	if err := s.world.As(ann).Slash(ctx, general, "/invite-partner ben@northwind.example Kick-off on Friday"); err != nil {
		return err
	}
	if err := s.until(ctx, "the form", func() bool { return s.world.As(ann).View() != nil }); err != nil {
		return err
	}
	form := s.world.As(ann).View()
	if got := typed(form, "email"); got != "ben@northwind.example" {
		return fmt.Errorf("the form holds the address %q", got)
	}
	if got := typed(form, "reason"); got != "Kick-off on Friday" {
		return fmt.Errorf("the form holds the reason %q", got)
	}
	return nil
}

// fillIn fills the form as a person does: first what is there, then the access, and
// then what the form brings for it.
func (s *story) fillIn(ctx context.Context, who string, fields ...[2]string) error {
	slices.SortStableFunc(fields, func(a, b [2]string) int { return rank(a[0]) - rank(b[0]) })
	for _, f := range fields {
		if err := s.field(ctx, who, f[0]); err != nil {
			return err
		}
		var err error
		if f[0] == "access" {
			err = s.world.As(who).Pick(ctx, f[0], f[1])
		} else {
			err = s.world.As(who).Fill(f[0], f[1])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rank is which fields of the form come first: an access brings others with it.
func rank(field string) int {
	switch field {
	case "email", "name", "company", "reason":
		return 0
	case "access":
		return 1
	}
	return 2
}

// field waits for a field. Whoever has waited for it in vain sends the form as it
// is, which then asks for what is missing.
func (s *story) field(ctx context.Context, who, name string) error {
	const aWhile = 3 * time.Second
	there := func() bool { return hasField(s.world.As(who).View(), name) }
	for end := time.Now().Add(patience); time.Now().Before(end); {
		look, cancel := context.WithTimeout(ctx, aWhile)
		err := s.until(look, "the field "+name, there)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		_ = s.world.As(who).Submit(ctx) // what it says stands in the form
	}
	return s.until(ctx, "the field "+name, there)
}

func hasField(v *sandbox.View, block string) bool {
	return v != nil && slices.ContainsFunc(v.Blocks, func(b map[string]any) bool { return b["block_id"] == block })
}

func (s *story) inlineError(ctx context.Context) error {
	filled := [][2]string{{"name", "Jane Doe"}, {"company", "Acme"}, {"access", "Project Falcon"}, {"for", "30 days"}}
	if err := s.fillIn(ctx, ann, filled...); err != nil {
		return err
	}
	_ = s.world.As(ann).Submit(ctx) // its error is the one under the field
	form := s.world.As(ann).View()
	switch {
	case form == nil:
		return errors.New("the form was closed although the address is a colleague's")
	case !strings.Contains(form.Errors["email"], "northwind.example"):
		return fmt.Errorf("under the address stands %q", form.Errors["email"])
	case typed(form, "reason") != "Kick-off on Friday":
		return errors.New("what was typed is lost")
	}
	return nil
}

func (s *story) mend(ctx context.Context) error {
	if err := s.world.As(ann).Fill("email", jane); err != nil {
		return err
	}
	if err := s.world.As(ann).Submit(ctx); err != nil {
		return err
	}
	if s.world.As(ann).View() != nil {
		return errors.New("the form is still open")
	}
	card, err := s.expect(ctx, sam, falconSponsors, "Jane Doe", "Acme", jane, "Project Falcon", "Kick-off on Friday", "[Approve]", "[Deny]")
	if err != nil {
		return err
	}
	if slices.Contains(card.Pings, ann) || card.Unfurls {
		return fmt.Errorf("the card pings %v, unfurls %v", card.Pings, card.Unfurls)
	}
	_, err = s.expect(ctx, ann, s.world.As(ann).DM(), "INV-1", "Jane Doe")
	return err
}

func (s *story) strangers(ctx context.Context) error {
	for _, who := range []string{gus, vera, ada, ann} {
		card, err := s.expect(ctx, who, falconSponsors, "INV-1", "[Approve]")
		if err != nil {
			return err
		}
		if err := s.world.As(who).ClickText(ctx, falconSponsors, card.TS, "Approve"); err != nil {
			return fmt.Errorf("%s presses Approve: %w", who, err)
		}
		if err := s.until(ctx, who+" to be told why not", func() bool { return s.whispered(who) }); err != nil {
			return err
		}
	}
	_, err := s.expect(ctx, sam, falconSponsors, "INV-1", "[Approve]")
	return err
}

// whispered takes note of the private words a person got in the sponsors' channel.
func (s *story) whispered(who string) bool {
	for _, m := range s.world.As(who).Sees(falconSponsors) {
		if m.Ephemeral && m.ForUser == who {
			s.heard[key(m)] = true
			return true
		}
	}
	return false
}

func (s *story) approve(ctx context.Context) error {
	card, err := s.expect(ctx, sam, falconSponsors, "INV-1", "[Approve]")
	if err != nil {
		return err
	}
	if err := s.world.As(sam).ClickText(ctx, falconSponsors, card.TS, "Approve"); err != nil {
		return err
	}
	if err := s.until(ctx, "the buttons to vanish", func() bool {
		return !slices.Contains(s.message(sam, falconSponsors, "INV-1").Buttons(), "Approve")
	}); err != nil {
		return err
	}
	if err := s.until(ctx, "the guest in the group", func() bool {
		g, ok := s.world.Tenant().Guest(jane)
		return ok && g.State == "PendingAcceptance" && slices.Equal(g.Groups, []string{"Project Falcon"})
	}); err != nil {
		return err
	}
	if _, err := s.expect(ctx, ann, s.world.As(ann).DM(), "INV-1", "Sam", "/redeem"); err != nil {
		return err
	}
	if err := s.expectReply(ctx, "Jane Doe", "is invited"); err != nil {
		return err
	}
	s.heard[key(s.reply("INV-1", "is approved"))] = true // left out if the invitation was quicker
	return nil
}

func (s *story) redeem(ctx context.Context) error {
	g, ok := s.world.Tenant().Guest(jane)
	if !ok {
		return errors.New("the guest is not in the tenant")
	}
	if err := s.world.Tenant().Redeem(g.ID); err != nil {
		return err
	}
	if _, err := s.expect(ctx, ann, s.world.As(ann).DM(), "INV-1", "joined"); err != nil {
		return err
	}
	if _, err := s.expect(ctx, sam, falconSponsors, "INV-1", "joined"); err != nil {
		return err
	}
	return s.expectReply(ctx, "Jane Doe", "has joined")
}

// nothingElse fails on every message that nobody expected: one card, one direct
// message with a reply for each step, one private word to each who may not decide.
func (s *story) nothingElse(context.Context) error {
	dm := s.world.As(ann).DM()
	for _, where := range []string{general, "C0RANDOM", "C0HERON", falconSponsors, dm} {
		for _, who := range []string{ann, sam, olga, ada, gus, vera} {
			for _, m := range s.world.As(who).Sees(where) {
				if m.User == "U0BOT" && !s.heard[key(m)] {
					return fmt.Errorf("in %s, %s also sees: %s", where, who, m.Plain())
				}
			}
		}
	}
	for _, who := range []string{sam, olga, ada} {
		if n := len(s.world.As(who).Sees(s.world.As(who).DM())); n > 0 {
			return fmt.Errorf("%s got %d direct messages", who, n)
		}
	}
	return nil
}

// table closes the story with what is now in Slack and in the tenant.
func (s *story) table() error {
	var rows strings.Builder
	rows.WriteString("\nIN\tWHAT\tSTATE\n")
	for _, m := range s.world.Messages(falconSponsors) {
		fmt.Fprintf(&rows, "Slack #falcon-sponsors\tcard\t%s\n", firstLine(m))
	}
	dm := s.world.As(ann).DM()
	for _, m := range s.world.As(ann).Sees(dm) {
		what := "direct message"
		if isReply(m) {
			what = "  reply"
		}
		fmt.Fprintf(&rows, "Slack, to Ann\t%s\t%s\n", what, firstLine(m))
	}
	for _, g := range s.world.Tenant().Guests() {
		fmt.Fprintf(&rows, "Entra\tguest %s\t%s, in %s\n", g.Mail, g.State, orNothing(strings.Join(g.Groups, ", ")))
	}
	t := tabwriter.NewWriter(s.out, 0, 4, 3, ' ', 0)
	_, err := io.WriteString(t, rows.String())
	return errors.Join(err, t.Flush())
}

func firstLine(m sandbox.Message) string {
	line, _, _ := strings.Cut(strings.TrimSpace(m.Plain()), "\n")
	return line
}

func orNothing(s string) string {
	if s == "" {
		return "no group"
	}
	return s
}

// expect waits for a message that shows all these words to somebody.
func (s *story) expect(ctx context.Context, who, channel string, words ...string) (sandbox.Message, error) {
	err := s.until(ctx, fmt.Sprintf("a message to %s in %s with %q", who, channel, words), func() bool {
		return s.message(who, channel, words...).TS != ""
	})
	m := s.message(who, channel, words...)
	s.heard[key(m)] = true
	return m, err
}

// expectReply waits for words below the one message to Ann.
func (s *story) expectReply(ctx context.Context, words ...string) error {
	err := s.until(ctx, fmt.Sprintf("a reply to Ann with %q", words), func() bool { return s.reply(words...).TS != "" })
	s.heard[key(s.reply(words...))] = true
	return err
}

// message is the newest message, in no thread, that shows all these words to somebody.
func (s *story) message(who, channel string, words ...string) sandbox.Message {
	return newest(s.world.As(who).Sees(channel), func(m sandbox.Message) bool { return !isReply(m) && !m.Ephemeral }, words)
}

// reply is the newest reply in Ann's direct messages that shows all these words.
func (s *story) reply(words ...string) sandbox.Message {
	return newest(s.world.As(ann).Sees(s.world.As(ann).DM()), isReply, words)
}

func isReply(m sandbox.Message) bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

func newest(all []sandbox.Message, meant func(sandbox.Message) bool, words []string) sandbox.Message {
	for _, m := range slices.Backward(all) {
		text := m.Plain()
		missing := slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
		if !missing && meant(m) {
			return m
		}
	}
	return sandbox.Message{}
}

// until waits for something to be so, and wakes whenever the world changes.
func (s *story) until(ctx context.Context, what string, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		changed := s.world.Changed()
		if so() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, ctx.Err())
		}
	}
}

func key(m sandbox.Message) string { return m.Channel + m.TS }

// typed is what stands in a text input of a modal.
func typed(v *sandbox.View, block string) string {
	for _, value := range v.Values[block] {
		if text, ok := value["value"].(string); ok {
			return text
		}
	}
	return ""
}
