package approvals

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestAddressesAreStruckOut(t *testing.T) {
	tests := []struct{ given, want string }{
		{"nobody is named", "nobody is named"},
		{"no " + jane + ".", "no [address]."},
		{"'jane.o'neill+x@acme.example' and <Ann@Sub.Acme.example>;", "'[address]' and <[address]>;"},
		{"jane_acme.example#EXT#@north.onmicrosoft.com exists", "[address] exists"},
		{"GET /users?mail=jane%40acme.example&top=1", "GET /users?mail=[address]&top=1"},
		{"jané@exämple.example", "[address]"},
		{"<@U123> at 12:00 @ noon", "<@U123> at 12:00 @ noon"},
	}
	for _, tt := range tests {
		if got := WithoutAddresses(tt.given); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.given, got, tt.want)
		}
	}
}

func TestWhatALogSaysOfTrouble(t *testing.T) {
	tests := []struct {
		name  string
		given Trouble
		want  string
	}{
		{"codes, not words", Trouble{Doing: "d", Code: "c", Text: "Jane Doe", Status: 403, RequestID: "r"}, "d: 403 c: request-id r"},
		{"a status alone", Trouble{Doing: "d", Text: "Jane Doe", Status: 502}, "d: 502"},
		{"no platform's words", troubleOf(errors.New("disk full, writing " + jane)), "disk full, writing [address]"},
		{"what is nobody's alone", Trouble{Code: "token", Text: "AADSTS7000215: Invalid secret of " + jane, Status: 401, Wide: WideToken}, "401 token: AADSTS7000215: Invalid secret of [address]"},
	}
	for _, tt := range tests {
		if got := tt.given.inLog(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestNoLogAndNoIncidentNamesTheGuest whatever Entra says.
func TestNoLogAndNoIncidentNamesTheGuest(t *testing.T) {
	said := "Guests like " + jane + " are blocked"
	for name, trouble := range map[string]*Trouble{
		"tried again": {Kind: Later, Code: "x", Text: said},
		"refused":     {Kind: Refused, Code: "Forbidden", Text: said},
		"without any": {Text: said},
		"everybody's": {Kind: Later, Code: "Forbidden", Text: said, Wide: WideInvitations},
	} {
		for _, call := range []string{"find", "invite", "grant", "look", "takeback"} {
			t.Run(call+" "+name, func(t *testing.T) {
				story(t, func(w *world) {
					var log strings.Builder
					w.log = slog.NewTextHandler(&log, nil)
					w.tenant.fails(call, fault{err: trouble})
					w.start()
					r := w.submit("harbor")
					w.approve(r)
					w.pass(15 * time.Minute)
					w.stop()
					if !strings.Contains(log.String(), "trouble") {
						t.Errorf("nothing of it is logged:\n%s", log.String())
					}
					if strings.Contains(log.String(), jane) {
						t.Errorf("the log names the guest:\n%s", log.String())
					}
					all, err := w.store.Incidents(w.Context())
					if err != nil || len(all) > 0 && strings.Contains(all[0].Trouble.Text, jane) {
						t.Errorf("incidents %+v, %v", all, err)
					}
				})
			})
		}
	}
}
