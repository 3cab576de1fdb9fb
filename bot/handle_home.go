package bot

import (
	"context"

	"github.com/slack-go/slack"

	"partnerbot/approvals"
)

// home draws App Home anew for whoever opened it.
func (b *Bot) home(_ context.Context, e event) (answer, error) {
	if e.Inner.User == "" || (e.Inner.Tab != "" && e.Inner.Tab != "home") {
		return answer{}, nil
	}
	b.homes.add(e.who().User)
	return answer{later: func(ctx context.Context) { b.publishHome(ctx, e.who()) }}, nil
}

// homeAgain draws App Home anew after somebody changed what it shows them, if
// they have it open or may have; nil if not.
func (b *Bot) homeAgain(who approvals.PersonID) func(context.Context) {
	if !b.homes.has(who.User) {
		return nil
	}
	return func(ctx context.Context) { b.publishHome(ctx, who) }
}

// publishHome shows somebody what they may see as it is now. A fault leaves
// what was there before.
func (b *Bot) publishHome(ctx context.Context, who approvals.PersonID) {
	v := HomeView{Viewer: who, Now: b.cfg.Now()}
	page, admin, err := b.cfg.Service.Pending(ctx, who, approvals.Query{Limit: PageSize})
	refusals := refusalsIn(err)
	switch {
	case len(refusals) > 0:
		v.Refusal = refusals[0]
	case err != nil:
		b.fault(ctx, "drawing_home", who, err)
		return
	case admin:
		own, err := b.cfg.Service.Own(ctx, who, approvals.Query{Limit: PageSize})
		if err != nil {
			b.fault(ctx, "drawing_home", who, err)
			return
		}
		v.Admin, v.Waiting, v.Mine, v.Wrong = true, page, own.Requests, b.wrong(ctx, who)
	default:
		v.Mine = page.Requests
	}
	if v.Refusal == nil {
		v.Away = b.delegation(ctx, who)
	}
	home := b.cfg.Desk.render.Home(b.cfg.Desk.locale(ctx, who), v)
	if _, err := b.cfg.API.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: who.User, View: home}); err != nil {
		b.fault(ctx, "publishing_home", who, apiTrouble(err))
	}
}
