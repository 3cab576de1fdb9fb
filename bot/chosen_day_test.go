package bot

import (
	"strings"
	"testing"
	"time"
)

// TestAChosenDayIsThatDayForEverybody: Slack shows a moment in the reader's own
// time zone, where the end of a day in UTC is the next day already.
func TestAChosenDayIsThatDayForEverybody(t *testing.T) {
	d := look(t)
	until := stories()["until_a_day"]
	begun := inv7()
	begun.Until = endOf("2027-03-03")
	for name, raw := range map[string]string{
		"the end that is asked for": string(asJSON(t, d.Card(until, 0).Blocks[1])),
		"the end once it is let in": string(asJSON(t, paragraphs(d.Words.phrase("en", "lasts.until", Args{"until": day(begun.Until)})))),
		"in markup":                 asMarkup(d.lasts("en", begun)),
		"the first day":             asMarkup([]piece{day(time.Date(2027, 3, 3, 0, 0, 0, 0, time.UTC))}),
	} {
		if !strings.Contains(raw, "3 Mar 2027") || strings.Contains(raw, "{date}") {
			t.Errorf("%s: %s", name, raw)
		}
	}
	if raw := asMarkup([]piece{day(nine)}); !strings.Contains(raw, "<!date^") {
		t.Errorf("a moment is not shown in the reader's own time: %s", raw)
	}
}
