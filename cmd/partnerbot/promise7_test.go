package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"partnerbot/sandbox"
)

// mark begins everything that is typed, so that it is found wherever it went.
const mark = "zq7"

// TestPromise7NoTextIsMarkup types hostile text into every field, and reads
// what a message, a form or App Home does to its readers rather than what it says.
func TestPromise7NoTextIsMarkup(t *testing.T) {
	hostile := []string{
		"<!channel> <!here> <!everyone>", "<@U0OLGA> <!subteam^S0ADMINS>", "<https://evil.example|Approve here>",
		"https://evil.example/login", "*bold* _it_ ~no~ `code` ```block```", "&lt;!channel&gt; &amp;", "@here @channel #general",
		"\u202egnp.exe\u202c \u200b\u200d", "<#C0GENERAL|general> <mailto:a@b.c|x>", "line one\n> quoted\n• list\n---", strings.Repeat("🎉", 60),
	}
	for i, text := range hostile {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			p, text := newPlay(t, "http"), mark+" "+text
			ctx, me := t.Context(), p.world.As(ann)
			p.must(me.Slash(ctx, general, "/invite-partner "+text))
			p.eventually("the form", func() bool { return me.View() != nil })
			oneLine := strings.ReplaceAll(text, "\n", " ")
			p.must(p.fillIn(p.t.Context(), ann, [][2]string{{"email", jane}, {"name", oneLine}, {"company", clip(oneLine, 64)}, {"access", "Project Falcon"}, {"for", "30 days"}, {"reason", text}}...))
			p.must(me.Submit(ctx))
			p.harmless(p.sees(sam, falconSponsors, "INV-1", "[Approve]"))
			p.harmless(p.sees(ann, me.DM(), "INV-1"))
			p.must(me.Slash(ctx, general, "/partner-requests"))
			p.eventually("the list", func() bool { return p.ephemerals(ann, general) >= 1 })
			p.must(me.Slash(ctx, general, "/partner-requests "+text))
			p.must(me.Slash(ctx, general, "/partner-requests show INV-1"))
			p.eventually("the story", func() bool { return p.ephemerals(ann, general) >= 3 })
			p.atHome(ann)
			p.atHome(ada)
			p.must(p.denies(sam, text))
			p.harmless(p.sees(olga, falconSponsors, "INV-1", "Denied"))
			p.harmless(p.sees(ann, me.DM(), "INV-1", "enied"))
			for _, where := range []string{general, falconSponsors, me.DM()} {
				for _, m := range p.world.As(ann).Sees(where) {
					p.harmless(m)
				}
			}
			p.must(p.stage.close())
			p.harmlessBlocks()
		})
	}
}

// atHome lets somebody open App Home, and a request's story from there.
func (p *play) atHome(who string) {
	p.t.Helper()
	ctx, person := p.t.Context(), p.world.As(who)
	p.must(person.OpenHome(ctx))
	p.eventually("the request in App Home", func() bool { return person.Home() != nil && strings.Contains(person.Home().Text, mark) })
	p.must(person.ClickHome(ctx, "show", "INV-1"))
	p.eventually("the story in a modal", func() bool { return person.View() != nil && strings.Contains(person.View().Text, mark) })
	p.must(person.CloseView(ctx))
}

// harmlessBlocks reads every block of all that was ever sent, forms, App Home
// and confirm dialogs too: typed text is in plain text or rich text, never in
// mrkdwn, and no element leads anywhere or notifies anybody because of it.
func (p *play) harmlessBlocks() {
	p.t.Helper()
	typedIn := map[string]bool{}
	for _, c := range p.world.Calls() {
		if c.Dir == sandbox.FromApp {
			p.harmlessPart(c.Method, []any{plainJSON(c.Args["blocks"]), plainJSON(c.Args["view"])}, typedIn)
		}
	}
	for _, where := range []string{"chat.postMessage", "chat.update", "views.open", "views.publish", "response_url", "confirm"} {
		if !typedIn[where] {
			p.t.Errorf("nothing typed was found in %s", where)
		}
	}
}

// harmlessPart looks at one value and everything in it, and notes where typed
// text was found.
func (p *play) harmlessPart(where string, part any, typedIn map[string]bool) {
	p.t.Helper()
	switch part := part.(type) {
	case []any:
		for _, x := range part {
			p.harmlessPart(where, x, typedIn)
		}
	case map[string]any:
		p.harmlessObject(where, part, typedIn)
		for key, x := range part {
			if key == "confirm" {
				p.harmlessPart(key, x, typedIn)
			} else {
				p.harmlessPart(where, x, typedIn)
			}
		}
	}
}

func (p *play) harmlessObject(where string, o map[string]any, typedIn map[string]bool) {
	p.t.Helper()
	text, _ := o["text"].(string)
	marked := strings.Contains(text, mark)
	typedIn[where] = typedIn[where] || marked
	kind, _ := o["type"].(string)
	switch kind {
	case "mrkdwn", "markdown":
		if marked || strings.Contains(text, "evil") {
			p.t.Errorf("%s: typed text as markup: %q", where, text)
		}
	case "link", "broadcast", "channel":
		p.t.Errorf("%s: a %s: %v", where, kind, o)
	case "user", "usergroup":
		for _, key := range []string{"user_id", "usergroup_id"} {
			if id, ok := o[key].(string); ok && !slices.Contains([]string{"S0FALCON", ann, sam}, id) {
				p.t.Errorf("%s: %s is mentioned", where, id)
			}
		}
	}
	for _, key := range []string{"url", "image_url", "fallback"} {
		if url, ok := o[key].(string); ok && (strings.Contains(url, mark) || strings.Contains(url, "evil")) {
			p.t.Errorf("%s: %s %q", where, key, url)
		}
	}
}

func clip(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

func (p *play) ephemerals(who, where string) int {
	n := 0
	for _, m := range p.world.As(who).Sees(where) {
		if m.Ephemeral {
			n++
		}
	}
	return n
}

// harmless fails on a message that notifies anybody but those the policy names,
// leads anywhere but where the bot leads, or unfurls.
func (p *play) harmless(m sandbox.Message) {
	p.t.Helper()
	for _, ping := range m.Pings {
		if !slices.Contains([]string{"S0FALCON", "S0HERON", ann, sam}, ping) {
			p.t.Errorf("the message notifies %s:\n%s", ping, m.Plain())
		}
	}
	for _, link := range m.Links {
		if strings.Contains(link.URL, "evil") || strings.Contains(link.URL, "a@b.c") || strings.HasPrefix(link.URL, "http") && !strings.HasPrefix(link.URL, p.world.URL()) {
			p.t.Errorf("the message leads to %s as %q", link.URL, link.Label)
		}
	}
	if m.Unfurls {
		p.t.Errorf("links of the message unfurl:\n%s", m.Plain())
	}
}
