package sandbox

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// errDeadTicket is for people: the page shows it, and so does whoever presses Redeem.
var errDeadTicket = errors.New("this invitation link no longer works: a newer invitation was sent, or the guest was removed")

// Redeem is the partner accepting: with a user ID, the newest invitation; with a link, the one in it. Tickets are dead once
// a newer invitation was issued. Accepting twice changes nothing.
func (t *Tenant) Redeem(userIDOrLink string) error {
	u, err := t.redeem(userIDOrLink)
	if err != nil {
		return err
	}
	t.mu.Lock()
	if u.state() != accepted {
		u.setState(accepted, t.now())
	}
	t.mu.Unlock()
	t.changed()
	return nil
}

// redeem finds whom an invitation is for, if it can still be accepted.
func (t *Tenant) redeem(userIDOrLink string) (*dirUser, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ticket, isLink := userIDOrLink, "", strings.Contains(userIDOrLink, "/")
	if isLink {
		id, ticket = parseRedeemLink(userIDOrLink)
	}
	u := t.liveUser(id)
	switch {
	case u == nil && isLink || isLink && (ticket == "" || ticket != u.ticket):
		return nil, errDeadTicket
	case u == nil:
		return nil, errors.New("there is no guest with this ID")
	case u.ticket == "" && u.state() == "":
		return nil, errors.New("this person was never invited")
	case !u.enabled():
		return nil, errors.New("this account is blocked from signing in to " + tenantName)
	}
	return u, nil
}

// parseRedeemLink reads the user and the ticket out of a link; both are empty if it is none of ours.
func parseRedeemLink(link string) (id, ticket string) {
	outer, err := url.Parse(link)
	if err != nil {
		return "", ""
	}
	inner, err := url.Parse(outer.Query().Get("rd"))
	if err != nil || inner.Query().Get("tenant") != TenantID {
		return "", ""
	}
	return inner.Query().Get("user"), inner.Query().Get("ticket")
}

type consentPage struct {
	Title, Organisation, Who, Problem, Next string
	Accepted                                bool
}

func (t *Tenant) serveConsent(w http.ResponseWriter, r *http.Request) {
	u, err := t.redeem(r.URL.RequestURI())
	if err != nil {
		t.showConsent(w, http.StatusGone, consentPage{Title: "This invitation cannot be used", Problem: err.Error()})
		return
	}
	t.mu.Lock()
	page := consentPage{Title: "Review permissions", Organisation: tenantName, Who: u.mail()}
	t.mu.Unlock()
	t.showConsent(w, http.StatusOK, page)
}

func (t *Tenant) serveRedeem(w http.ResponseWriter, r *http.Request) {
	link := r.URL.RequestURI()
	u, err := t.redeem(link)
	if err == nil {
		err = t.Redeem(link)
	}
	if err != nil {
		t.showConsent(w, http.StatusGone, consentPage{Title: "This invitation cannot be used", Problem: err.Error()})
		return
	}
	t.mu.Lock()
	page := consentPage{Title: "Welcome to " + tenantName, Organisation: tenantName, Who: u.mail(), Next: u.redirect, Accepted: true}
	t.mu.Unlock()
	t.showConsent(w, http.StatusOK, page)
}

func (t *Tenant) showConsent(w http.ResponseWriter, status int, page consentPage) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the ticket
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = consentTemplate.Execute(w, page) // a browser that went away has nobody to tell
}

var consentTemplate = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; --page: #eef1f5; --card: #fff; --ink: #1b1b1f; --soft: #5c5f66; --accent: #0f6cbd; --line: #d9dce2; }
@media (prefers-color-scheme: dark) {
  :root { --page: #15171b; --card: #22252b; --ink: #f2f3f5; --soft: #a9adb6; --accent: #479ef5; --line: #3a3e46; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--page); color: var(--ink);
  font: 16px/1.5 "Segoe UI", system-ui, sans-serif; }
main { width: 100%; max-width: 460px; padding: 40px; background: var(--card); border-radius: 8px; box-shadow: 0 8px 32px #0003; }
h1 { margin: 0 0 4px; font-size: 24px; font-weight: 600; line-height: 1.25; }
.who { margin: 0 0 24px; color: var(--soft); overflow-wrap: anywhere; }
ul { margin: 8px 0 24px; padding: 16px 16px 16px 36px; border: 1px solid var(--line); border-radius: 6px; }
form { display: flex; gap: 12px; justify-content: flex-end; }
button, .next { padding: 8px 24px; border: 0; border-radius: 4px; background: var(--accent); color: #fff; font: inherit; font-weight: 600;
  text-decoration: none; cursor: pointer; }
button:focus-visible, .next:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 50%, transparent); outline-offset: 2px; }
</style>
<main>
<h1>{{.Title}}</h1>
{{if .Problem}}<p>Sorry, {{.Problem}}.</p>
<p class="who">Ask the person who invited you for a new invitation.</p>
{{else if .Accepted}}<p class="who">{{.Who}}</p>
<p>You are now a guest of {{.Organisation}}. You can close this page.</p>
{{if .Next}}<p><a class="next" href="{{.Next}}" rel="noreferrer">Go on to your apps</a></p>{{end}}
{{else}}<p class="who">{{.Who}}</p>
<p><strong>{{.Organisation}}</strong> would like to:</p>
<ul><li>Sign you in</li><li>Read your name, e-mail address and photo</li><li>Keep a record of what you do in its resources</li></ul>
<form method="post"><button type="submit" data-testid="accept">Accept</button></form>
{{end}}</main>
`))
