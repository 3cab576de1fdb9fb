package approvals

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListsOfGuestsAsPeoplePasteThem(t *testing.T) {
	a, b := Guest{Email: "a@acme.example"}, Guest{Email: "b@acme.example", Name: "Bea Bee", Company: "Acme"}
	named := Guest{Email: "b@acme.example", Name: "Bea Bee"}
	tests := []struct {
		name, text string
		want       []Guest
	}{
		{"an address", "a@acme.example", []Guest{a}},
		{"an address a line", "a@acme.example\nb@acme.example", []Guest{a, {Email: "b@acme.example"}}},
		{"lines of another system, and empty ones", "\r\n a@acme.example\r\n\r\n", []Guest{a}},
		{"several in a line", "a@acme.example, b@acme.example;c@acme.example", []Guest{a, {Email: "b@acme.example"}, {Email: "c@acme.example"}}},
		{"several in a line without commas", "a@acme.example b@acme.example", []Guest{a, {Email: "b@acme.example"}}},
		{"several from a mail program", "Bea Bee <b@acme.example>; a@acme.example", []Guest{named, a}},
		{"from a mail program", "Bea Bee <b@acme.example>", []Guest{named}},
		{"with quotes", `"Bea Bee" <b@acme.example>`, []Guest{named}},
		{"with a comma in the name", `"Bee, Bea" <b@acme.example>`, []Guest{{Email: "b@acme.example", Name: "Bee, Bea"}}},
		{"as Slack writes them", "<mailto:a@acme.example>", []Guest{a}},
		{"name and company behind", "b@acme.example, Bea  Bee, Acme", []Guest{b}},
		{"from a spreadsheet", "b@acme.example\tBea Bee\tAcme\na@acme.example\t\t", []Guest{b, a}},
		{"with semicolons", "b@acme.example;Bea Bee;Acme", []Guest{b}},
		{"with a heading", "Name,E-Mail,Company\nBea Bee,b@acme.example,Acme", []Guest{b}},
		{"a file of a spreadsheet", "\ufeffCompany;First name;Last name;Email\r\nAcme;Bea;Bee;b@acme.example\r\n", []Guest{b}},
		{"an address by its longer name", "Name,E-mail Address,Sponsor\nBea Bee,b@acme.example,Sam", []Guest{named}},
		{"columns that nobody needs", "id,email,full name,age\n7,b@acme.example,Bea Bee,40", []Guest{named}},
		{"quoted fields", "name,email,company\n\"Bea Bee\",\"b@acme.example\",\"Acme\"", []Guest{b}},
		{"a quoted comma", "email,name\nb@acme.example,\"Bee, Bea\"", []Guest{{Email: "b@acme.example", Name: "Bee, Bea"}}},
		{"a line that is short", "email,name,company\na@acme.example", []Guest{a}},
		{"marks that turn the writing", "b@acme.example,Bea\u202e Bee,Acme", []Guest{b}},
		{"a company behind the address", "Bea Bee <b@acme.example>, Acme", []Guest{b}},
		{"name and company behind an address in brackets", "<b@acme.example>; Bea Bee; Acme", []Guest{b}},
		{"names with commas from a mail program", "Bee, Bea <b@acme.example>; a@acme.example", []Guest{{Email: "b@acme.example", Name: "Bee, Bea"}, a}},
		{"several names with commas", "Bee, Bea <b@acme.example>; Ay, A <a@acme.example>", []Guest{{Email: "b@acme.example", Name: "Bee, Bea"}, {Email: "a@acme.example", Name: "Ay, A"}}},
		{"a street beside the e-mail", "email,name,address\nb@acme.example,Bea Bee,\"1 High St, York\"", []Guest{named}},
		{"an address by itself", "name;address\nBea Bee;b@acme.example", []Guest{named}},
		{"a mail program's address in its column", "email,company\nBea Bee <b@acme.example>,Acme", []Guest{b}},
		{"the same address in another column", "email,login,name\nb@acme.example,B@acme.example,Bea Bee", []Guest{named}},
		{"a sign that makes no address", "email,name,handle\nb@acme.example,Bea Bee,@bea on x@home", []Guest{named}},
		{"empty cells of a spreadsheet", "name\tsponsor\temail\n\t\tb@acme.example\nA\t\ta@acme.example", []Guest{{Email: "b@acme.example"}, {Email: "a@acme.example", Name: "A"}}},
		{"an apostrophe", "'o'neil@acme.example, O", []Guest{{Email: "'o'neil@acme.example", Name: "O"}}},
		{"upper case", "A@ACME.example", []Guest{{Email: "A@acme.example"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, wrong := ParseGuests(tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" || wrong != nil {
				t.Errorf("%v\n%s", wrong, diff)
			}
		})
	}
}

func TestWhatIsWrongInAListIsNamedByItsLine(t *testing.T) {
	line := func(n, text, code, character string) *Refusal {
		return ErrGuestLine.With("line", n).With("text", text).With("code", code).With("character", character)
	}
	several := func(n, text, column string) *Refusal {
		r := ErrGuestLine.With("line", n).With("text", text).With("code", "email_several")
		if column != "" {
			r = r.With("column", column)
		}
		return r
	}
	long := strings.Repeat("\n", 5) + "a@acme.example\n"
	tests := []struct {
		name, text string
		good       int
		want       Refusals
	}{
		{"nothing", " \n\t\n", 0, Refusals{ErrGuestsMissing}},
		{"only a heading", "email,name\n", 0, Refusals{ErrGuestsMissing}},
		{"no address", "a@acme.example\njoe\nb@acme.example", 2, Refusals{line("2", "joe", "email_malformed", "")}},
		{"a wrong character", "\na+b@acme.example", 0, Refusals{line("2", "a+b@acme.example", "email_character", "+")}},
		{"twice", "a@acme.example\nb@acme.example\nA@Acme.example", 2, Refusals{ErrGuestTwice.With("line", "3").With("text", "A@acme.example")}},
		{"all that is wrong", long + "x\ny\n", 1, Refusals{line("7", "x", "email_malformed", ""), line("8", "y", "email_malformed", "")}},
		{
			"an address in another column", "Email;Sponsor\nb@acme.example;sam@northwind.example\na@acme.example;sam", 1,
			Refusals{several("2", "b@acme.example;sam@northwind.example", "Sponsor")},
		},
		{
			"an address in the company's column", "email,name,company\nann@contoso.com,\"Ann Bell\",Contoso <evil@evil.example>", 0,
			Refusals{several("2", `ann@contoso.com,"Ann Bell",Contoso <evil@evil.example>`, "company")},
		},
		{
			"an address in a column for streets", "email,name,address\nann@contoso.com,Ann Bell,evil@evil.example", 0,
			Refusals{several("2", "ann@contoso.com,Ann Bell,evil@evil.example", "address")},
		},
		{
			"an address where nothing is above it", "email\na@acme.example,b@acme.example", 0,
			Refusals{several("2", "a@acme.example,b@acme.example", "2")},
		},
		{
			"two addresses in one cell", "email,name\nb@acme.example <a@acme.example>,Ann", 0,
			Refusals{several("2", "b@acme.example <a@acme.example>,Ann", "email")},
		},
		{"two columns for the address", "\nEmail,Mail\na@acme.example,b@acme.example", 0, Refusals{ErrGuestColumns.With("line", "2").With("text", "Email,Mail")}},
		{"two columns called address", "address,address\na@acme.example,b@acme.example", 0, Refusals{ErrGuestColumns.With("line", "1").With("text", "address,address")}},
		{
			"an address behind name and company", "ann@contoso.com,\"Ann Bell\",Contoso <evil@evil.example>", 0,
			Refusals{several("1", `ann@contoso.com,"Ann Bell",Contoso <evil@evil.example>`, "")},
		},
		{
			"an empty cell of a spreadsheet", "name\temail\tsponsor\nBea\t\tsam@northwind.example", 0,
			Refusals{line("2", "Bea\t\tsam@northwind.example", "email_missing", "")},
		},
		{"a line without an address", "a@acme.example,Ann\n,Bea", 1, Refusals{line("2", ",Bea", "email_missing", "")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, wrong := ParseGuests(tt.text)
			if diff := cmp.Diff(tt.want, wrong); diff != "" || len(got) != tt.good {
				t.Errorf("read %v\n%s", got, diff)
			}
		})
	}
}

func TestALongListIsReadAndAnEndlessOneIsNot(t *testing.T) {
	var text strings.Builder
	for i := range maxLines {
		fmt.Fprintf(&text, "guest%d@acme.example,Guest %d\n", i, i)
	}
	got, wrong := ParseGuests(text.String())
	if len(got) != maxLines || wrong != nil || got[999].Name != "Guest 999" {
		t.Errorf("read %d, %v", len(got), wrong)
	}
	got, wrong = ParseGuests(text.String() + "one@acme.example\n")
	if len(got) != maxLines || len(wrong) != 1 || !wrong[0].Is(ErrGuestsTooMany) {
		t.Errorf("read %d, %v", len(got), wrong)
	}
}

func TestALineOfAnyNumberOfGuestsEndsWhereAListDoes(t *testing.T) {
	var many strings.Builder
	for i := range 26_000 {
		fmt.Fprintf(&many, "%d@a.io,", i)
	}
	good := make([]string, maxLines-1)
	for i := range good {
		good[i] = fmt.Sprintf("%d@a.io\n\n", i)
	}
	for name, tt := range map[string]struct {
		text       string
		good, told int
	}{
		"new ones":                           {many.String(), maxLines, 1},
		"one again and again":                {strings.Repeat("a@a.io,", 26_000), 1, maxLines},
		"no addresses":                       {strings.Repeat("a@,", 26_000), 0, maxLines + 1},
		"a last one that is wrong":           {strings.Join(good, "") + "x", maxLines - 1, 1},
		"one more behind one that was wrong": {strings.Join(good, "") + "x\na@a.io", maxLines - 1, 2},
	} {
		got, wrong := ParseGuests(tt.text)
		if len(got) != tt.good || len(wrong) != tt.told || len(got)+len(wrong) > maxLines != wrong[len(wrong)-1].Is(ErrGuestsTooMany) {
			t.Errorf("%s: read %d, %d wrong, at last %v", name, len(got), len(wrong), wrong[len(wrong)-1])
		}
	}
}

func FuzzParseGuests(f *testing.F) {
	for _, seed := range []string{"a@acme.example", "x <a@b.example>", "\ufeffemail;name\n\"a@b.example;\"", "<>\n<@>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, wrong := ParseGuests(text)
		for _, g := range got {
			if _, _, err := ParseAddress(g.Email); err != nil {
				t.Errorf("%q: %v", g.Email, err)
			}
		}
		if len(got) == 0 && len(wrong) == 0 {
			t.Error("nothing is said")
		}
	})
}
