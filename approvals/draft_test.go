package approvals

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		typed string
		want  string
		err   error
	}{
		{"jane@acme.example", "jane@acme.example", nil},
		{"  Jane.Doe-2_x@ACME.Example ", "Jane.Doe-2_x@acme.example", nil},
		{"_jane_@acme.example", "_jane_@acme.example", nil},
		{"o'neil@acme.example", "o'neil@acme.example", nil},
		{"jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", nil},
		{"", "", ErrEmailMissing},
		{"   ", "", ErrEmailMissing},
		{"jane", "", ErrEmailMalformed},
		{"jane@", "", ErrEmailMalformed},
		{"@acme.example", "", ErrEmailMalformed},
		{"jane@acme", "", ErrEmailMalformed},
		{"jane@acme..example", "", ErrEmailMalformed},
		{"jane@-acme.example", "", ErrEmailMalformed},
		{"jane@10.0.0.1", "", ErrEmailMalformed},
		{"jane@ac_me.example", "", ErrEmailMalformed},
		{"jane+tag@acme.example", "", ErrEmailCharacter},
		{"jane doe@acme.example", "", ErrEmailCharacter},
		{"a@b@acme.example", "", ErrEmailCharacter},
		{"jane<script>@acme.example", "", ErrEmailCharacter},
		{"jané@acme.example", "", ErrEmailCharacter},
		{"jane@bücher.example", "", ErrEmailCharacter},
		{"jane@acme.exаmple", "", ErrEmailCharacter}, // a Cyrillic а
		{"jane\u202e@acme.example", "", ErrEmailCharacter},
		{".jane@acme.example", "", ErrEmailEdge},
		{"jane-@acme.example", "", ErrEmailEdge},
		{"jane..doe@acme.example", "", ErrEmailEdge},
		{strings.Repeat("j", 65) + "@acme.example", "", ErrEmailLong},
		{"jane@" + strings.Repeat("a.", 125) + "example", "", ErrEmailLong},
	}
	for _, tt := range tests {
		t.Run(tt.typed, func(t *testing.T) {
			got, _, err := ParseAddress(tt.typed)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// TestGraphForbidsTheseCharacters names each of them, so that none is lost.
func TestGraphForbidsTheseCharacters(t *testing.T) {
	for _, c := range "~!#$%^&*()+=[]{}\\/|;:\"<>?," {
		if _, _, err := ParseAddress("ja" + string(c) + "ne@acme.example"); !errors.Is(err, ErrEmailCharacter) {
			t.Errorf("%q in the user name: %v", c, err)
		}
	}
}

func policy() *Policy {
	return &Policy{
		Accesses: []Access{falcon()}, Admins: []string{"S0ADMINS", "U0ROOT"},
		OwnDomains: []string{"northwind.example"}, BlockedDomains: []string{"rival.example"},
	}
}

func draft(change func(*Draft)) Draft {
	d := Draft{
		By:    Person{ID: id("ann"), Email: "ann@corp.example"},
		Email: "jane@acme.example", Name: "Jane Doe", Company: "Acme", Access: "falcon", For: 30 * 24 * time.Hour, Reason: "kick-off",
	}
	change(&d)
	return d
}

func TestPolicyChecksADraft(t *testing.T) {
	tests := []struct {
		name string
		with func(*Draft)
		want []*Refusal
	}{
		{"everything in order", func(*Draft) {}, nil},
		{"the company may be left out", func(d *Draft) { d.Company = "" }, nil},
		{"own domain", func(d *Draft) { d.Email = "jane@northwind.example" }, []*Refusal{ErrOwnDomain}},
		{"below the own domain", func(d *Draft) { d.Email = "jane@eu.Northwind.example" }, []*Refusal{ErrOwnDomain}},
		{"a longer name is not the own domain", func(d *Draft) { d.Email = "jane@notnorthwind.example" }, nil},
		{"the requester's own domain", func(d *Draft) { d.Email = "jane@corp.example" }, []*Refusal{ErrOwnDomain}},
		{"a shared mail provider makes nobody colleagues", func(d *Draft) { d.By.Email, d.Email = "ann@gmail.com", "jane@gmail.com" }, nil},
		{"blocked domain", func(d *Draft) { d.Email = "jane@rival.example" }, []*Refusal{ErrBlockedDomain}},
		{"below a blocked domain", func(d *Draft) { d.Email = "jane@mail.rival.example" }, []*Refusal{ErrBlockedDomain}},
		{"no name", func(d *Draft) { d.Name = " " }, []*Refusal{ErrNameMissing}},
		{"a name without end", func(d *Draft) { d.Name = strings.Repeat("é", MaxName+1) }, []*Refusal{ErrTooLong}},
		{"the longest name", func(d *Draft) { d.Name = strings.Repeat("é", MaxName) }, nil},
		{"a company without end", func(d *Draft) { d.Company = strings.Repeat("x", MaxCompany+1) }, []*Refusal{ErrTooLong}},
		{"no such access", func(d *Draft) { d.Access = "eagle" }, []*Refusal{ErrAccessUnknown}},
		{"a duration the access does not have", func(d *Draft) { d.For = time.Hour }, []*Refusal{ErrForUnknown}},
		{"no reason", func(d *Draft) { d.Reason = "\n" }, []*Refusal{ErrReasonMissing}},
		{"a reason without end", func(d *Draft) { d.Reason = strings.Repeat("x", MaxReason+1) }, []*Refusal{ErrTooLong}},
		{
			"everything wrong at once", func(d *Draft) { d.Email, d.Name, d.Access, d.Reason = "x", "", "", "" },
			[]*Refusal{ErrEmailMalformed, ErrNameMissing, ErrAccessUnknown, ErrReasonMissing},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := policy().Check(draft(tt.with), nine)
			var got Refusals
			if err != nil && !errors.As(err, &got) {
				t.Fatalf("not refusals: %v", err)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
			for i, want := range tt.want {
				if !errors.Is(got[i], want) || got[i].Field == "" {
					t.Errorf("got %v at field %q, want %v", got[i], got[i].Field, want)
				}
			}
		})
	}
}

func TestParseID(t *testing.T) {
	for typed, want := range map[string]RequestID{"INV-7": "INV-7", " inv-7 ": "INV-7", "7": "INV-7", "INV-": "", "INV-0": "", "seven": "", "INV--7": "", "": ""} {
		if got, ok := ParseID(typed); got != want || ok != (want != "") {
			t.Errorf("ParseID(%q) = %q, %v; want %q", typed, got, ok, want)
		}
	}
}
