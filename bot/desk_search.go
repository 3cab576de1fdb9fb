package bot

import (
	"context"
	"sync"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// maxSearches bounds the searches that wait. One that is forgotten begins anew.
const maxSearches = 1 << 12

// quest is the search for one message, which may have been posted since a time.
// gone is the time stamp of one that does not count.
type quest struct {
	to                    turn
	channel, thread, gone string
	since                 int64
}

// progress is how far a search has come.
type progress struct {
	from   string // the oldest message that counts
	cursor string // of the next page; empty: the first
	head   string // the newest message when it began
	pages  int
	parted bool // time went by between two pages
}

// searches are those that wait until Slack takes more. Each goes on
// where it was, so no page is read in vain, however many search at once.
type searches struct {
	mu sync.Mutex
	of map[quest]progress
}

// take hands out how far a search has come, and forgets it.
func (p *searches) take(q quest, from string) progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.of[q]
	if !ok {
		return progress{from: from}
	}
	delete(p.of, q)
	at.parted = at.cursor != ""
	return at
}

func (p *searches) keep(q quest, at progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil || len(p.of) >= maxSearches {
		p.of = map[quest]progress{}
	}
	p.of[q] = at
}

// search goes on with a search, to its end or until Slack takes no more. A
// channel shows its newest messages first, so what came there while the search
// waited is looked through at its end.
func (d *Desk) search(ctx context.Context, q quest, at progress, ours func([]slack.Message) string) (ts string, err error) {
	for at.pages < findPages {
		page, next, err := d.page(ctx, q.channel, q.thread, at.from, at.cursor)
		if err != nil {
			if t := apiTrouble(err); t.Kind != approvals.Refused {
				d.searches.keep(q, at)
			}
			return "", err
		}
		if ts := ours(page); ts != "" {
			return ts, nil
		}
		if at.cursor == "" && len(page) > 0 {
			at.head = page[0].Timestamp
		}
		at.cursor, at.pages = next, at.pages+1
		switch {
		case next != "":
		case at.parted && q.thread == "":
			at = progress{from: firstOf(at.head, at.from)}
		default:
			return "", nil
		}
	}
	return "", &approvals.Trouble{
		Kind: approvals.Later, Code: "too_many_messages", After: findAgain, Doing: "looking for a message in " + q.channel,
		Text: "more was written there than can be looked through for the message whose answer was lost",
	}
}
