package bot

import (
	"strings"
	"testing"

	"partnerbot/approvals"
)

// TestANameThatLooksLikeAnAddressComesAfterTheAddress, and never in its place.
func TestANameThatLooksLikeAnAddressComesAfterTheAddress(t *testing.T) {
	d := look(t)
	r := asked()
	r.Guest = approvals.Guest{Email: "evil@gmail.com", Name: "Mia (mia@contoso.com)", Company: "Contoso"}
	for _, said := range []string{asPlain(d.guest("en", r)), d.guestName("en", r)} {
		if !strings.HasPrefix(said, "evil@gmail.com") {
			t.Errorf("says %q", said)
		}
	}
	card := string(asJSON(t, d.Card(r, 0)))
	if address, typed := strings.Index(card, "evil@gmail.com"), strings.Index(card, "mia@contoso.com"); address < 0 || typed >= 0 && typed < address {
		t.Errorf("the card names %d before %d", typed, address)
	}
}
