package bot

import (
	"testing"
	"time"

	"partnerbot/approvals"
)

// TestAnotherAddressChangesWhatNobodyChose: the usual access of the first guest's
// organisation gives way to that of the next, and what somebody chose stays.
func TestAnotherAddressChangesWhatNobodyChose(t *testing.T) {
	p := demanding()
	p.Partners = append(p.Partners, approvals.Partner{ID: "fabrikam", Name: "Fabrikam", Domains: []string{"fabrikam.com"}, Access: "atlas", For: 12 * time.Hour})
	const contoso, fabrikam, unknown = "mia@contoso.com", "bo@fabrikam.com", "bo@nowhere.example"
	type changed struct{ email, used, access, length string }
	for _, tt := range []struct {
		name, access, length string
		then                 changed
	}{
		{"nobody chose", "atlas", "12h0m0s", changed{email: fabrikam}},
		{"the address is of nobody known", "falcon", "2160h0m0s", changed{email: unknown}},
		{"somebody chose the access", "falcon", "2160h0m0s", changed{fabrikam, "form:access#1", "falcon", "2160h0m0s"}},
		{"somebody chose another length", "atlas", "720h0m0s", changed{fabrikam, "form:for:falcon#1", "falcon", "720h0m0s"}},
	} {
		o := newOffice(t)
		o.cfg.Desk.render.Policy = p.Always
		o.act(t, "form:email", "", openInvite(map[string]map[string]any{"email": under("form:email", text(contoso))}))
		d := o.drawn1(t)
		if d.initial("access") != "falcon" || d.initial("for") != "2160h0m0s" {
			t.Fatalf("drawn %s", d.raw)
		}
		view := func(email string, d drawing, access, length string) map[string]any {
			v := openInvite(map[string]map[string]any{
				"email": under("form:email", text(email)), "access": under(d.action("access"), picked(access)), "for": under(d.action("for"), picked(length)),
			})
			v["private_metadata"] = d.metadata
			return v
		}
		if tt.then.used != "" {
			o.slack.forget()
			o.act(t, tt.then.used, "", view(contoso, d, tt.then.access, tt.then.length))
			d = o.drawn1(t)
		}
		o.slack.forget()
		o.act(t, "form:email", "", view(tt.then.email, d, str(d.initial("access")), str(d.initial("for"))))
		if d := o.drawn1(t); d.initial("access") != tt.access || d.initial("for") != tt.length {
			t.Errorf("%s: %v for %v", tt.name, d.initial("access"), d.initial("for"))
		}
	}
}
