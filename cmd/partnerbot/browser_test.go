package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// tab is the demo's page in a headless browser.
type tab struct {
	t     *testing.T
	ctx   context.Context
	url   string
	who   string // whom the page is turned to, and where
	where string
	shots int
}

// browser is the first of .ci/browsers that is installed.
func browser(t *testing.T) string {
	t.Helper()
	names, err := os.ReadFile(root + ".ci/browsers")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(names)) {
		if found, err := exec.LookPath(strings.TrimSpace(name)); err == nil {
			return found
		}
	}
	t.Fatal("no Chromium or Chrome is installed (Debian: apt-get install chromium)")
	return ""
}

// TestEveryBrowserOfTheListIsFound installs each by itself, for the tests and
// for the script that installs one if there is none.
func TestEveryBrowserOfTheListIsFound(t *testing.T) {
	for _, name := range []string{"chromium", "headless_shell", "google-chrome-stable"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want := filepath.Join(dir, name)
			if err := os.WriteFile(want, []byte("#!/bin/sh\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir)
			if got := browser(t); got != want {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

// newTab opens the page. Without a browser the test fails: nothing else can say
// what people see.
func newTab(t *testing.T, url string) *tab {
	t.Helper()
	path := browser(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.ExecPath(path), chromedp.Flag("disable-quic", true), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		leave()
		_ = chromedp.WaitClosed(ctx)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	b := &tab{t: t, ctx: ctx, url: url}
	b.size(1440, 900)
	return b
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shot("failed")
		b.t.Fatalf("%s: %v", what, err)
	}
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	b.do("sizing the window", chromedp.EmulateViewport(width, height))
}

func byID(id string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + id + `"]`) }

// be turns the page to a person and a place.
func (b *tab) be(who, where string) {
	b.t.Helper()
	b.who, b.where = who, where
	b.do("opening the page", chromedp.Navigate(fmt.Sprintf("%s/#as=%s&in=%s", b.url, who, where)), chromedp.Reload(),
		chromedp.WaitVisible(chromedp.CSS(`body[data-ready="`+who+`"]`)))
}

func (b *tab) click(id string) {
	b.t.Helper()
	b.do("pressing "+id, chromedp.WaitVisible(byID(id)), chromedp.Click(byID(id)))
}

func (b *tab) typeInto(id, text string) {
	b.t.Helper()
	b.do("typing into "+id, chromedp.WaitVisible(byID(id)), chromedp.Focus(byID(id)),
		chromedp.Evaluate[chromedp.Void](`document.activeElement.select(), document.execCommand("delete")`),
		chromedp.SendKeys(byID(id), text))
}

// choose takes an option of a select by what it says.
func (b *tab) choose(id, text string) {
	b.t.Helper()
	b.do("choosing in "+id, chromedp.WaitVisible(byID(id)))
	b.becomes(fmt.Sprintf(`(() => {
		const s = document.querySelector('[data-testid="%s"]');
		const o = [...s.options].find(o => o.textContent.trim() === %q);
		if (!o) return false;
		s.value = o.value;
		s.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`, id, text))
}

// becomes waits until an expression on the page is true.
func (b *tab) becomes(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		b.shot("failed")
		b.t.Fatalf("waiting for %s: %v", expression, err)
	}
}

// reads waits until an element shows a text.
func (b *tab) reads(selector, text string) {
	b.t.Helper()
	b.becomes(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.innerText.includes(%q))`, selector, text))
}

// shot keeps a picture in the folder that PARTNERBOT_SCREENSHOTS names, if it does.
func (b *tab) shot(name string) {
	b.t.Helper()
	folder := os.Getenv("PARTNERBOT_SCREENSHOTS")
	if folder == "" {
		return
	}
	if name != "failed" {
		b.becomes(`document.getAnimations().every(a => a.playState !== "running")`)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		b.shots++
		err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d-%s.png", b.shots, name)), png, 0o600)
	}
	if err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
	}
}

// TestBrowserStory plays the story on the page as people would: ask, be
// refused at a field, mend it, approve as the sponsor, redeem as the guest, and
// read that she has joined.
func TestBrowserStory(t *testing.T) {
	p := newPlay(t, "socket")
	b := newTab(t, p.world.URL())
	dm := p.world.As(ann).DM()

	b.be(ann, general)
	b.typeInto("composer", "/inv")
	b.shot("completion")
	b.typeInto("composer", "/invite-partner ben@northwind.example Kick-off on Friday")
	b.click("send")
	b.do("the form", chromedp.WaitVisible(byID("modal")))
	b.typeInto("field-name", "Jane Doe")
	b.typeInto("field-company", "Acme")
	b.choose("field-access", "Project Falcon")
	b.choose("field-for", "30 days")
	b.shot("form")
	b.click("modal-submit")
	b.do("the error at its field", chromedp.WaitVisible(byID("error-email")))
	b.reads(`[data-testid="error-email"]`, "northwind.example")
	b.becomes(`document.querySelector('[data-testid="field-reason"]').value === "Kick-off on Friday"`)
	b.shot("inline-error")
	b.typeInto("field-email", jane)
	b.click("modal-submit")
	b.do("the form closed", chromedp.WaitNotPresent(byID("modal")))
	p.sees(ann, dm, "INV-1")
	b.be(ann, dm)
	b.reads("main", "INV-1")
	b.shot("requester-pending")

	card := p.sees(sam, falconSponsors, "INV-1", "[Approve]")
	b.be(sam, falconSponsors)
	b.do("the card", chromedp.WaitVisible(byID("message-"+card.TS)))
	b.shot("card")
	b.click("action-approve")
	b.do("the confirm dialog", chromedp.WaitVisible(byID("confirm-ok")))
	b.shot("confirm")
	b.click("confirm-ok")
	b.do("the buttons gone", chromedp.WaitNotPresent(byID("action-approve")))
	b.do("the guest", chromedp.WaitVisible(byID("guest-"+jane)), chromedp.WaitVisible(byID("redeem-"+jane)))
	b.shot("approved")

	b.be(ann, dm)
	b.reads("main", "/redeem")
	b.shot("requester-invited")
	b.click("redeem-" + jane)
	b.reads("main", "Joined")
	b.shot("requester-joined")
	b.be(sam, falconSponsors)
	b.reads("main", "Joined")
	b.shot("card-joined")
	p.must(p.nothingElseBut(t.Context()))
	b.rest(p)
}

// nothingElseBut checks that the story on the page left what the one in the
// terminal leaves: one card and one message to Ann.
func (p *play) nothingElseBut(context.Context) error {
	if n := len(p.world.Messages(falconSponsors)); n != 1 {
		return fmt.Errorf("%d messages in the sponsors' channel", n)
	}
	top := 0
	for _, m := range p.world.As(ann).Sees(p.world.As(ann).DM()) {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			top++
		}
	}
	if top != 1 {
		return fmt.Errorf("%d direct messages to Ann", top)
	}
	return nil
}

// rest looks at what the story did not show: the list, Home, a denial, a phone.
func (b *tab) rest(p *play) {
	ctx := b.t.Context()
	for i := range 3 {
		p.asks("U0BEN", fmt.Sprintf("guest%d@fabrikam.example", i), "Project Heron", "7 days", "Audit documents for the second quarter")
	}
	b.be(ada, general)
	b.typeInto("composer", "/partner-requests")
	b.click("send")
	b.reads("main", "INV-4")
	b.shot("list")
	b.typeInto("composer", "/partner-requests show INV-1")
	b.click("send")
	b.reads("main", "joined")
	b.shot("story")
	p.must(p.world.As("U0BEN").OpenHome(ctx))
	b.be("U0BEN", "home")
	b.reads("main", "INV-4")
	b.shot("home")
	p.sees(sam, falconSponsors, "INV-4", "[Approve]")
	b.be(gus, falconSponsors)
	b.click("action-approve")
	b.click("confirm-ok")
	b.reads("main", "Only visible to you")
	b.shot("refused")
	b.size(390, 844)
	b.be(sam, falconSponsors)
	b.reads("main", "INV-4")
	b.shot("phone")
	b.be(ann, p.world.As(ann).DM())
	b.shot("phone-requester")
}
