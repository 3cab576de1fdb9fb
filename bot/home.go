package bot

import (
	"time"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// HomeView is what App Home shows to one person.
type HomeView struct {
	Viewer  approvals.PersonID
	Mine    []approvals.Request // newest first
	Admin   bool
	Waiting approvals.Page        // what waits for somebody, for admins
	Wrong   []approvals.Incident  // the trouble that everybody has, for admins
	Away    *approvals.Delegation // who decides for this person, if anybody
	Refusal *approvals.Refusal    // why there is nothing for this person
	Now     time.Time
}

// Home is App Home: a button to invite, one's own requests and, for admins,
// what waits for somebody.
func (d render) Home(locale string, v HomeView) slack.HomeTabViewRequest {
	blocks := []slack.Block{header(d.Words.Say(locale, "home.title", nil))}
	if v.Refusal != nil {
		return home(append(blocks, paragraphs(d.Words.refusal(locale, v.Refusal))))
	}
	invite := button(ActionInvite, ActionInvite, d.Words.Say(locale, "button.invite", nil)).WithStyle(slack.StylePrimary)
	blocks = append(blocks, paragraphs(d.Words.phrase(locale, "home.intro", Args{"command": CommandInvite})), slack.NewActionBlock("", invite))
	if v.Admin {
		blocks = append(blocks, d.homeWaiting(locale, v)...)
	}
	blocks = append(blocks, header(d.Words.Say(locale, "list.mine", nil)))
	if len(v.Mine) == 0 {
		blocks = append(blocks, paragraphs(d.Words.phrase(locale, "home.empty", nil)))
	}
	for _, r := range v.Mine[:min(len(v.Mine), PageSize)] {
		blocks = append(blocks, d.listed(locale, r, v.Viewer, v.Now)...)
	}
	return home(append(blocks, d.homeAway(locale, v.Away)...))
}

func (d render) homeWaiting(locale string, v HomeView) []slack.Block {
	blocks := append(d.open(locale, v.Wrong), header(d.listHead(locale, v.Waiting, true)))
	if len(v.Waiting.Requests) == 0 {
		return append(blocks, paragraphs(d.Words.phrase(locale, emptyList(true), Args{"command": CommandInvite})))
	}
	shown := v.Waiting.Requests[:min(len(v.Waiting.Requests), 2*PageSize)]
	for _, r := range shown {
		blocks = append(blocks, d.listed(locale, r, v.Viewer, v.Now)...)
	}
	if v.Waiting.Older || len(shown) < len(v.Waiting.Requests) {
		blocks = append(blocks, paragraphs(d.Words.phrase(locale, "home.more", Args{"command": CommandRequests})))
	}
	return blocks
}

func home(blocks []slack.Block) slack.HomeTabViewRequest {
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}
