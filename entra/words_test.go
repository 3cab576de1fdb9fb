package entra

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWordsAreOneTidyLine(t *testing.T) {
	tests := []struct{ name, given, want string }{
		{"as they are", "Insufficient privileges.", "Insufficient privileges."},
		{"lines", " one\r\n\ttwo\u2028three ", "one two three"},
		{"what turns text around", "a\u202eb\x1b[31mc\x00", "ab[31mc"},
		{"not UTF-8", "a\xff\xfeb", "ab"},
		{"a redeem link", "go to " + theTicket + " now", "go to [removed] now"},
		{"a ticket alone", "x?ticket=abc y", "[removed] y"},
		{"a token", "token " + theToken + " is old", "token [removed] is old"},
		{"a header", "Authorization: Bearer abc.def", "Authorization: [removed]"},
		{"a form", "client_id=1&client_secret=hunter2&x=1", "client_id=1&[removed]&x=1"},
		{"somebody's address", "The user 'jane@acme.example' is blocked.", "The user '[address]' is blocked."},
		{"JSON", `{"access_token": "abc"}`, `{"[removed]"}`},
	}
	for _, tt := range tests {
		if got := tidy(tt.given); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestWordsEnd(t *testing.T) {
	got := tidy(strings.Repeat("é ", 5000))
	if n := utf8.RuneCountInString(got); n != longestText || !strings.HasSuffix(got, "…") {
		t.Errorf("%d runes: %q", n, got)
	}
}

func FuzzNoAnswerBreaksTheClient(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `"x"`, `{`, `{"error":null}`, `{"error":{}}`, `{"error":{"code":1,"message":{}}}`, `{"value":null}`, `{"value":[null]}`,
		`{"value":[{"id":null}]}`, `{"error":{"message":"x","innerError":[]}}`, `{"invitedUser":null}`, `{"invitedUser":[1]}`, `{"id":1}`,
		`{"@odata.count":"many","value":[]}`, `{"@odata.count":-1,"value":[null]}`, `{"@odata.type":1,"mail":["x"]}`,
		`{"error":{"code":"c","message":"m","details":[null],"innerError":{"date":"no"}}}`,
	} {
		for _, status := range []int{200, 201, 400, 404, 500} {
			f.Add(status, seed)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		g := newGraph(t, graphSays(status, body))
		c := g.client(t)
		if _, err := c.Invite(t.Context(), priya); err != nil {
			kindOf(t, err)
		}
		if got, ok, err := c.Find(t.Context(), priya.Email); err != nil {
			kindOf(t, err)
		} else if ok && !isGUID(got.ID) {
			t.Errorf("found %+v", got)
		}
		if _, err := c.Look(t.Context(), theGuest); err != nil {
			kindOf(t, err)
		}
		if got, ok, err := c.Manager(t.Context(), ann); err != nil {
			kindOf(t, err)
		} else if ok == (got == "") {
			t.Errorf("the manager is %q, %t", got, ok)
		}
		if got, err := c.Facts(t.Context(), priya.Email, "fabrikam.example"); err != nil {
			kindOf(t, err)
		} else if n := got.Count; n.Disabled+n.Pending > n.Guests || got.Trouble != "" && n.Guests > 0 {
			t.Errorf("learned %+v", got)
		}
		if err := c.Grant(t.Context(), theGuest, into); err == nil && status != http.StatusNoContent && !says(body, "added object references already exist") {
			t.Errorf("status %d was taken for a grant", status)
		}
		g.Close()
	})
}
