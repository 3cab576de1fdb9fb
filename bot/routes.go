package bot

import "context"

// click is one pressed button.
type click struct {
	interaction
	value string
}

// routes says who handles what. What is not here is acknowledged and passed over.
type routes struct {
	commands    map[string]func(context.Context, command) (answer, error)
	actions     map[string]func(context.Context, click) (answer, error)
	submissions map[string]func(context.Context, interaction) (answer, error)
	events      map[string]func(context.Context, event) (answer, error)
}

func (b *Bot) table() routes {
	return routes{
		commands: map[string]func(context.Context, command) (answer, error){
			CommandInvite:   b.invite,
			CommandRequests: b.requestsAsked,
		},
		actions: map[string]func(context.Context, click) (answer, error){
			ActionApprove:     b.approve,
			ActionDeny:        b.askWhy,
			ActionChange:      b.askHow,
			ActionAsk:         b.askWhat,
			ActionChoose:      b.askWho,
			ActionRevoke:      b.askEnd,
			ActionClaim:       b.claim,
			ActionUndo:        b.undo,
			ActionMore:        b.more,
			ActionWithdraw:    b.withdraw,
			ActionRetry:       b.retry,
			ActionInvite:      b.inviteClicked,
			ActionForm:        b.formChanged,
			ActionSeveral:     b.severalClicked,
			ActionEdit:        b.edit,
			ActionAnswer:      b.answerClicked,
			ActionNudge:       b.nudge,
			ActionGiveBack:    b.giveBack,
			ActionDelegate:    b.delegateClicked,
			ActionDelegateOff: b.delegateOffClicked,
			ActionPick:        b.picked,
			ActionOlder:       b.older,
			ActionNewer:       b.newer,
			ActionShow:        b.show,
		},
		submissions: map[string]func(context.Context, interaction) (answer, error){
			CallbackInvite:   b.submit,
			CallbackSeveral:  b.submitSeveral,
			CallbackEdit:     b.edited,
			CallbackAnswer:   b.answered,
			CallbackDelegate: b.delegateSubmitted,
			CallbackDeny:     b.deny,
			CallbackChange:   b.change,
			CallbackAsk:      b.ask,
			CallbackChoose:   b.choose,
			CallbackRevoke:   b.revoke,
		},
		events: map[string]func(context.Context, event) (answer, error){
			EventHomeOpened: b.home,
		},
	}
}
