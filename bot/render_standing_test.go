package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

func read(t *testing.T, v any) string {
	t.Helper()
	return string(asJSON(t, v))
}

func TestADelayIsToldWhereverTheRequestIsSeen(t *testing.T) {
	d := look(t)
	for _, name := range []string{"delayed", "ending_delayed"} {
		r := stories()[name]
		for surface, v := range surfaces(t, d, r) {
			if strings.HasPrefix(surface, "card_") || strings.HasPrefix(surface, "list") && surface != "list_empty" || surface == "direct" || surface == "story" || surface == "home" {
				text := read(t, v)
				for _, want := range []string{"The directory is busy.", "6b1c-43", "tried on by itself", "longer than usual"} {
					if !strings.Contains(text, want) {
						t.Errorf("%s %s does not say %q:\n%s", name, surface, want, text)
					}
				}
			}
		}
		r.Trouble = nil
		if text := read(t, d.Direct("en", r)); strings.Contains(text, "longer than usual") {
			t.Errorf("%s without trouble: %s", name, text)
		}
	}
}

func TestAFailureIsTheCausersWord(t *testing.T) {
	d := look(t)
	for name, want := range map[string]bool{"failed": true, "failed_own": false} {
		r := stories()[name]
		for _, v := range []any{d.Direct("en", r), d.Card(r, r.Stage), d.Story("en", r, nil), d.Milestone("en", r, "failed")} {
			m := v.(Message)
			if says := strings.Contains(read(t, m), "Entra says") || strings.Contains(read(t, m), "Entra refused"); says && !want {
				t.Errorf("%s: %s", name, read(t, m))
			}
		}
		if text := read(t, d.Direct("en", r)); strings.Contains(text, "Entra says:") != want {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestTheStoryOfAFailureTellsAllOfIt(t *testing.T) {
	d := look(t)
	long := strings.Repeat("The invitation is blocked by a policy. ", 12) + "The end."
	r := stories()["failed"]
	r.Trouble.Text = long
	entries := []approvals.Entry{
		{Event: "refused by Entra", At: nine, Detail: "an older one: " + long},
		{Event: "refused by Entra", At: nine, Detail: "inviting the guest: " + long + ": request-id 6b1c-42"},
	}
	text := read(t, d.Story("en", r, entries))
	if n := strings.Count(text, "The end."); n != 2 || !strings.Contains(text, "request-id 6b1c-42") {
		t.Errorf("the whole text is there %d times:\n%s", n, text)
	}
	if !strings.Contains(text, `"action_id": "retry"`) || !strings.Contains(text, `"value": "INV-7:1:tag7"`) {
		t.Errorf("no button to try again:\n%s", text)
	}
	for name, r := range stories() {
		if text := read(t, d.Story("en", r, nil)); strings.Contains(text, `"retry"`) != (name == "failed" || name == "failed_own") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestAGuestWhoWasThereIsNotPromisedMail(t *testing.T) {
	d := look(t)
	d.Mail = MailMicrosoft
	for name, link := range map[string]string{
		"found_granting": "", "found_invited": directLink, "found_unlinked": "https://myapplications.microsoft.com", "found_redeemed": "", "found_joined": directLink,
	} {
		r := stories()[name]
		text := read(t, d.naming(annByName).Direct("en", r))
		for _, never := range []string{"on its way", "mail from Microsoft", "invites@", "is being invited"} {
			if strings.Contains(text, never) {
				t.Errorf("%s says %q:\n%s", name, never, text)
			}
		}
		if (link == "") != !strings.Contains(text, `"rich_text_preformatted"`) || !strings.Contains(text, link) {
			t.Errorf("%s: the note does not lead to %q:\n%s", name, link, text)
		}
		if unlinked := r; name == "found_joined" {
			unlinked.Account.Link = ""
			if text := read(t, d.Direct("en", unlinked)); !strings.Contains(text, "you now also have access") || !strings.Contains(text, "https://myapplications.microsoft.com") {
				t.Errorf("%s without a link: %s", name, text)
			}
		}
	}
}

func TestMicrosoftsMailComesFromTheCloudsSender(t *testing.T) {
	for cloud, want := range map[string]string{
		"": "invites@microsoft.com", "public": "invites@microsoft.com", "usgov": "invites@azuread.us", "dod": "invites@azuread.us", "china": "Invites@oe.21vianet.com",
	} {
		desk := NewDesk(DeskConfig{HTTP: openCounter(t).Client(), Words: look(t).Words, Policy: policy().Always, Mail: MailMicrosoft, Cloud: cloud, Now: time.Now})
		text := read(t, desk.render.Direct("en", stories()["invited"]))
		if strings.Count(text, want) != 2 || want != "invites@microsoft.com" && strings.Contains(text, "invites@microsoft.com") {
			t.Errorf("%q: %s", cloud, text)
		}
	}
}

func TestAPassedStageIsToldByNames(t *testing.T) {
	for _, name := range []string{"second_stage", "half_quorum"} {
		m := look(t).naming(annByName).Milestone("en", stories()[name], "stage 1")
		if m.Text != "INV-7 is approved by Sam Ito (Sponsor); now it is with Security." {
			t.Errorf("%s: said %q", name, m.Text)
		}
	}
}

func TestWordsAreTrue(t *testing.T) {
	d := look(t)
	w := d.Words
	twin := approvals.ErrAlreadyPending.With("id", "INV-1").With("access", "Falcon").With("state", "pending")
	held := []approvals.Entry{{Event: "invitation held", At: nine}}
	tests := []struct{ name, text, has, never string }{
		{"a held invitation may be refused next", read(t, d.Story("en", asked(), held)), "did not go out", "again"},
		{"an ASCII character has no other spelling", w.Refusal("en", approvals.ErrEmailCharacter.With("character", "#")), "Check it", "xn--"},
		{"a letter of another script has one", w.Refusal("en", approvals.ErrEmailCharacter.With("character", "ü")), "xn--", "[refusal"},
		{"help is read anywhere", read(t, d.Help("en", CommandInvite)), "in your direct messages with partnerbot", "message here"},
		{"a twin may be a colleague's", w.Refusal("en", twin), "INV-1 already asks for Falcon", "/partner-requests"},
		{"an access may be a colleague's", w.Refusal("en", approvals.ErrAlreadyIn.With("id", "INV-1").With("access", "Falcon")), "INV-1", "/partner-requests"},
		{"admins' list has failures too", read(t, d.List("en", approvals.Page{Requests: []approvals.Request{stories()["failed"]}, Total: 1}, nil, true, sam, nine)), "1 request waits for somebody", "decision"},
		{"a failure says what it failed of", read(t, d.List("en", approvals.Page{Requests: []approvals.Request{stories()["failed"]}, Total: 1}, nil, true, sam, nine)), "An admin must act: Invitations are not allowed to this domain. (request-id 6b1c-42)", "by itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(tt.text, tt.has) || strings.Contains(tt.text, tt.never) {
				t.Errorf("got %s\nmust say %q and not %q", tt.text, tt.has, tt.never)
			}
		})
	}
}

func TestMissingScopesAreWhatTheManifestHasAndTheTokenHasNot(t *testing.T) {
	all := Manifest().Scopes
	for name, tt := range map[string]struct{ have, want []string }{
		"all":     {all, nil},
		"more":    {append([]string{"files:write"}, all...), nil},
		"unknown": {nil, nil},
		"three short": {
			[]string{"commands", "users:read", "usergroups:read", "files:read", "im:write", "channels:history", "groups:history"},
			[]string{"chat:write", "users:read.email", "im:history"},
		},
	} {
		if got := MissingScopes(tt.have); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestACardThatCannotBePostedNamesItsChannelAndTheRemedy(t *testing.T) {
	for code, remedy := range map[string]string{"not_in_channel": "invite it", "channel_not_found": "configuration", "is_archived": "unarchive"} {
		for method, shown := range map[string][]approvals.Posted{"chat.postMessage": nil, "chat.update": {{Channel: "C0FALCON", TS: "1.1"}}} {
			c := openCounter(t)
			c.script = map[string][]string{method: {`{"ok":false,"error":"` + code + `"}`}}
			r := asked()
			r.Shown.Cards = shown
			_, err := c.desk(t).Cards(t.Context(), r, noNote)
			if trouble, ok := errors.AsType[*approvals.Trouble](err); !ok || !strings.Contains(trouble.String(), "C0FALCON") || !strings.Contains(trouble.String(), remedy) || trouble.Code != code {
				t.Errorf("%s of %s: %v", code, method, err)
			}
		}
	}
}
