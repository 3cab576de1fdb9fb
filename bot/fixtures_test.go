package bot

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerbot/approvals"
)

var (
	nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ann  = approvals.PersonID{Team: "T0HOME", User: "U0ANN"}
	sam  = approvals.PersonID{Team: "T0HOME", User: "U0SAM"}
	olga = approvals.PersonID{Team: "T0HOME", User: "U0OLGA"}
)

const redeemLink = "https://login.microsoftonline.com/redeem?rd=https%3a%2f%2finvitations.microsoft.com%2fredeem%2f%3fticket%3dVerySecret"

const directLink = "https://myapplications.microsoft.com/?tenantid=6f0c5a3e"

func falcon() approvals.Access {
	return approvals.Access{
		ID: "falcon", Title: "Project Falcon", Description: "Drawings and plans of the Falcon launch",
		Grants:    []approvals.Grant{{Group: "6f0c5a3e-0000-0000-0000-000000000001"}},
		Durations: []time.Duration{30 * 24 * time.Hour, 90 * 24 * time.Hour},
		Stages: []approvals.Stage{
			{Name: "Sponsor", Channel: "C0FALCON", Approvers: []string{"S0FALCON", "U0SAM"}, Quorum: 1, Deadline: 5 * 24 * time.Hour},
			{Name: "Security", Channel: "C0SEC", Approvers: []string{"S0SEC"}, Quorum: 2, Deadline: 2 * 24 * time.Hour},
		},
	}
}

func policy() *approvals.Policy {
	atlas := approvals.Access{ID: "atlas", Title: "Project Atlas", Durations: []time.Duration{12 * time.Hour, 30 * 24 * time.Hour}, Stages: falcon().Stages[:1]}
	return &approvals.Policy{Accesses: []approvals.Access{falcon(), atlas}}
}

func asked() approvals.Request {
	return approvals.Request{
		ID: "INV-7", Tag: "tag7", Version: 1, State: approvals.Pending, Requester: ann,
		Guest:  approvals.Guest{Email: "mia@contoso.com", Name: "Mia Keller", Company: "Contoso"},
		Access: falcon(), For: 30 * 24 * time.Hour, Reason: "She reviews the drawings with us.\nUntil the launch.",
		Opened: nine, Changed: nine, Deadline: nine.Add(5 * 24 * time.Hour),
	}
}

// stories are requests in every state that looks different, by a name for it.
func stories() map[string]approvals.Request {
	out := map[string]approvals.Request{}
	keep := func(name string, from approvals.Request, change func(*approvals.Request)) approvals.Request {
		from.Version++
		change(&from)
		out[name] = from
		return from
	}
	pending := keep("pending", asked(), func(*approvals.Request) {})
	second := keep("second_stage", pending, func(r *approvals.Request) {
		r.Stage, r.Deadline = 1, nine.Add(50*time.Hour)
		r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Approve, At: nine.Add(2 * time.Hour)}}
		r.Shown.Cards = []approvals.Posted{{Channel: "C0FALCON", TS: "1.1", Version: 1}, {Channel: "C0SEC", TS: "1.2", Version: 2}}
	})
	half := keep("half_quorum", second, func(r *approvals.Request) {
		r.Votes = append(r.Votes[:1:1], approvals.Vote{By: olga, Verdict: approvals.Approve, Stage: 1, At: nine.Add(3 * time.Hour)})
	})
	inviting := keep("inviting", half, func(r *approvals.Request) {
		r.State, r.Until, r.Deadline = approvals.Inviting, nine.Add(30*24*time.Hour), time.Time{}
		r.Votes = append(r.Votes[:2:2], approvals.Vote{By: approvals.PersonID{User: "U0OMAR"}, Verdict: approvals.Approve, Stage: 1, At: nine.Add(4 * time.Hour)})
	})
	granting := keep("granting", inviting, func(r *approvals.Request) {
		r.Account = approvals.Account{ID: "guest-1", Link: redeemLink, Invited: nine}
	})
	invited := keep("invited", granting, func(r *approvals.Request) { r.State = approvals.Invited })
	active := keep("active", invited, func(r *approvals.Request) { r.State, r.Account.Joined = approvals.Active, nine.Add(26*time.Hour) })
	ending := keep("ending", active, func(r *approvals.Request) { r.State = approvals.Ending })
	keep("ended", ending, func(r *approvals.Request) {
		r.State, r.Closed = approvals.Ended, &approvals.Closed{At: nine.Add(31 * 24 * time.Hour)}
	})
	keep("ended_unused", inviting, func(r *approvals.Request) {
		r.State, r.Closed = approvals.Ended, &approvals.Closed{At: nine.Add(31 * 24 * time.Hour)}
	})
	keep("failed", inviting, func(r *approvals.Request) {
		r.State, r.Closed = approvals.Failed, &approvals.Closed{Reason: "Invitations are not allowed to this domain.", At: nine.Add(5 * time.Hour)}
		r.Trouble = &approvals.Trouble{Kind: approvals.Refused, Code: "Forbidden", Text: "Invitations are not allowed to this domain.", RequestID: "6b1c-42"}
	})
	slow := func(r *approvals.Request) {
		r.Trouble = &approvals.Trouble{Kind: approvals.Later, Doing: "inviting the guest", Code: "ServiceUnavailable", Text: "The directory is busy.", RequestID: "6b1c-43"}
	}
	keep("delayed", inviting, slow)
	keep("ending_delayed", ending, slow)
	keep("failed_own", inviting, func(r *approvals.Request) {
		r.State, r.Closed = approvals.Failed, &approvals.Closed{At: nine.Add(5 * time.Hour)}
		r.Trouble = &approvals.Trouble{Kind: approvals.Refused, Code: "colleague", Text: "this address belongs to a member of the tenant, not to a guest"}
	})
	found := keep("found_granting", inviting, func(r *approvals.Request) {
		r.Account = approvals.Account{ID: "guest-1", Link: directLink, Found: true, Invited: nine.Add(4 * time.Hour)}
	})
	waiting := keep("found_invited", found, func(r *approvals.Request) { r.State = approvals.Invited })
	keep("found_unlinked", waiting, func(r *approvals.Request) { r.Account.Link = "" })
	keep("found_redeemed", waiting, func(r *approvals.Request) { r.State, r.Account.Joined = approvals.Active, nine.Add(26*time.Hour) })
	keep("found_joined", found, func(r *approvals.Request) {
		r.State, r.Account.Joined = approvals.Active, nine.Add(-100*24*time.Hour)
	})
	keep("denied", pending, func(r *approvals.Request) {
		r.State, r.Deadline = approvals.Denied, time.Time{}
		r.Closed = &approvals.Closed{By: sam, Reason: "Contoso has no contract yet.", At: nine.Add(time.Hour)}
		r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Deny, Reason: "Contoso has no contract yet.", At: nine.Add(time.Hour)}}
	})
	erase := func(r *approvals.Request) {
		r.Erased, r.Guest, r.Reason = nine.Add(40*24*time.Hour), approvals.Guest{}, ""
		r.Votes = []approvals.Vote{{By: sam, Verdict: approvals.Deny, At: nine.Add(time.Hour)}}
		r.Closed = &approvals.Closed{By: sam, At: nine.Add(time.Hour)}
	}
	keep("erased", out["denied"], erase)
	keep("failed_erased", out["failed"], func(r *approvals.Request) {
		erase(r)
		r.Trouble = &approvals.Trouble{Kind: approvals.Refused, Code: "Forbidden", RequestID: "6b1c-42"}
	})
	keep("cancelled", pending, func(r *approvals.Request) {
		r.State, r.Closed = approvals.Cancelled, &approvals.Closed{By: ann, At: nine.Add(time.Hour)}
	})
	keep("timed_out", pending, func(r *approvals.Request) {
		r.State, r.Closed = approvals.TimedOut, &approvals.Closed{At: nine.Add(120 * time.Hour)}
	})
	maps.Copy(out, decisions())
	return out
}

func trail() []approvals.Entry {
	at := func(h int, by approvals.PersonID, event, detail string, words ...string) approvals.Entry {
		return approvals.Entry{
			Request: "INV-7", At: nine.Add(time.Duration(h) * time.Hour), By: by, Event: event, Detail: detail, Words: strings.Join(words, ""),
		}
	}
	gone := func(e approvals.Entry) approvals.Entry { e.Erased = true; return e }
	nobody := approvals.PersonID{}
	return []approvals.Entry{
		at(0, ann, "opened", "falcon: 30d", "mia@contoso.com (Mia Keller, Contoso): She reviews the drawings"), at(1, ann, "pressed", "approve"),
		at(1, ann, "dismissed", "approve: own_request"), at(2, sam, "pressed", "approve"), at(2, sam, "voted", "approve"),
		at(3, olga, "voted", "deny", "no contract"), at(3, olga, "voted", "deny: no contract"), gone(at(3, olga, "voted", "deny")),
		at(3, sam, "refused", "approve: decided"), at(3, ann, "refused", "withdraw: not_cancellable"), at(4, nobody, "invitation leaves", ""), at(4, nobody, "invitation held", ""),
		at(4, nobody, "guest invited", "guest-1"), at(4, nobody, "guest found", "guest-1"), at(4, nobody, "granted", "group:6f0c"),
		at(5, nobody, "delayed", "giving group:6f0c: ServiceUnavailable", "The directory is busy."), gone(at(5, nobody, "delayed", "giving group:6f0c: ServiceUnavailable")),
		at(5, nobody, "refused by Entra", "giving group:6f0c: Forbidden: request-id 6b1c-42", "Insufficient privileges."), at(6, sam, "pressed", "retry"), at(6, sam, "dismissed", "retry: only_admins"),
		at(6, olga, "retried", ""), at(7, nobody, "joined", ""), at(8, nobody, "time over", ""), at(9, nobody, "taken back", "group:6f0c"),
		at(9, nobody, "deadline passed", "Sponsor"), at(9, ann, "withdrawn", ""),
		at(9, sam, "pressed", "deny"), at(9, sam, "dismissed", "deny: too_late"),
		at(10, nobody, "erased", "root"),
	}
}

// incidents are one of every kind, by a name for it.
func incidents() map[string]approvals.Incident {
	out := map[string]approvals.Incident{}
	for name, key := range map[string]string{
		"stuck": approvals.WideStuck + "INV-7", "stranded": approvals.WideStranded + "INV-7", "policy": approvals.WidePolicy, "token": approvals.WideToken, "invitations": approvals.WideInvitations, "directory": approvals.WideDirectory,
		"slack_token": approvals.WideSlackToken, "scope": approvals.WideScope + "channels:history", "other": "something new",
	} {
		out[name] = approvals.Incident{Key: key, Since: nine, Version: 1, Trouble: approvals.Trouble{Kind: approvals.Refused}}
	}
	for _, code := range []string{"is_archived", "not_in_channel", "channel_not_found", "restricted_action"} {
		out["channel_"+code] = approvals.Incident{
			Key: approvals.WideChannel + "C0FALCON", Since: nine, Version: 1, Trouble: approvals.Trouble{Kind: approvals.Refused, Code: code},
		}
	}
	refused := out["invitations"]
	refused.Trouble.Code, refused.Trouble.Text, refused.Trouble.RequestID = "Forbidden", "Guest invitations not allowed for your company.", "6b1c-44"
	out["invitations"] = refused
	stranded, wrong := out["stranded"], out["policy"]
	stranded.Trouble.Code, stranded.Trouble.Text = approvals.CodeStranded, "Sponsor"
	wrong.Trouble.Text = "partnerbot.yaml:12: “weeks” is no unit of time: write 14d\npartners/contoso.yaml:3: contoso is there twice, also in partnerbot.yaml:40"
	out["stranded"], out["policy"] = stranded, wrong
	over := refused
	over.Over, over.Version = nine.Add(3*time.Hour), 2
	out["over"] = over
	return out
}

// allIncidents are those that last.
func allIncidents() []approvals.Incident {
	var out []approvals.Incident
	all := incidents()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

func look(t *testing.T) render {
	t.Helper()
	words, err := NewWords()
	if err != nil {
		t.Fatal(err)
	}
	return render{Words: words, Policy: policy().Always, Company: "Northwind", Mail: "requester"}
}

var annByName = map[string]string{"U0ANN": "Ann Lee", "U0SAM": "Sam Ito"}

// surfaces is everything that can be rendered of one request, by name. Messages
// and views are given as the JSON that leaves.
func surfaces(t *testing.T, d render, r approvals.Request) map[string]any {
	t.Helper()
	out := map[string]any{
		"direct": d.naming(annByName).Direct("en", r), "deny_form": d.DenyForm("en", r), "ask_form": d.AskForm("en", r), "change_form": d.ChangeForm("en", r, nine),
		"choose_form": d.ChooseForm("en", r), "revoke_form": d.RevokeForm("en", r), "more": d.More("en", r, trail()), "story": d.Story("en", r, trail()),
		"list":       d.List("en", approvals.Page{Requests: []approvals.Request{r, r}, Newer: true, Older: true, Total: 12}, nil, true, sam, nine.Add(26*time.Hour)),
		"list_own":   d.List("en", approvals.Page{Requests: []approvals.Request{r}, Total: -1}, nil, false, ann, nine.Add(40*time.Minute)),
		"list_empty": d.List("en", approvals.Page{Total: -1}, nil, false, ann, nine),
		"failure":    d.Failure("en", r),
		"home":       d.Home("en", HomeView{Viewer: ann, Mine: []approvals.Request{r}, Admin: true, Waiting: approvals.Page{Requests: []approvals.Request{r}, Total: 1}, Now: nine.Add(time.Hour)}),
		"form":       d.Form("en", Form{Email: r.Guest.Email, Name: r.Guest.Name, Company: r.Guest.Company, Access: r.Access.ID, For: r.For.String(), Reason: r.Reason}),
	}
	for stage := range r.Stage + 1 {
		out["card_"+string(rune('1'+stage))] = d.Card(r, stage)
		out["card_first_post_"+string(rune('1'+stage))] = d.naming(annByName).Card(r, stage)
	}
	for _, what := range milestones(r) {
		out["said_"+key(what)] = d.Milestone("en", r, what)
	}
	return out
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	if m, ok := v.(Message); ok {
		v = map[string]any{"text": m.Text, "blocks": m.Blocks}
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// noNote is the note of a message that was never about to be posted before.
func noNote(context.Context, string) (time.Time, error) { return time.Time{}, nil }
