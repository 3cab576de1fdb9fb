// Package approvals is the domain of partnerbot: who asked which guest into
// what, who may say yes, and what is owed to Slack and Entra because of it.
//
// It owns the request and its state machine (Apply), the policy a request was
// made under, the service that other packages call, and the worker that does
// owed work. It leaves to others how requests are kept (store), how Slack looks
// (bot) and how Entra is asked (entra); it meets them through the ports in
// ports.go and imports none of them.
package approvals
