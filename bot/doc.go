// Package bot is partnerbot's side of Slack, both ways: commands, clicks and
// submitted forms in; cards, direct messages, lists and App Home out.
//
// It owns how a request looks and every sentence that a person reads (words/).
// It decides nothing: who may do what is settled by approvals, and what Slack
// shows is always rendered from the request as it is. Text that a person typed
// leaves this package as plain_text or as text elements of rich_text; where
// markup cannot be avoided it is escaped.
package bot
