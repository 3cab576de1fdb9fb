package bot

import (
	"strings"
	"testing"
)

// TestAShortAddressKeepsItsDomain: a confirm dialog must not hide whose partner
// somebody is.
func TestAShortAddressKeepsItsDomain(t *testing.T) {
	long := strings.Repeat("mia.keller-contoso.com-", 4)
	for address, want := range map[string]string{
		"jane@acme.example":                                "jane@acme.example",
		long + "@evil-partner.example":                     "@evil-partner.example",
		"x@" + strings.Repeat("sub.", 40) + "evil.example": ".evil.example",
	} {
		got := shortAddress(address, 60)
		if !strings.HasSuffix(got, want) || len([]rune(got)) > 60 {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}
