// Package entra is the tenant as partnerbot meets it: Microsoft Graph, asked for
// one thing a call.
//
// It owns how Graph is reached (credentials, clouds, tokens), what is asked of it
// (find, invite, look, grant, take back, who somebody's manager is, how many guests
// a domain has) and what its answers mean: every failure leaves as
// *approvals.Trouble, which says whether the call may be repeated. It repeats
// nothing itself, not even on 429: when to try again is the caller's to decide, who
// has written down what already left. It keeps nothing and logs neither addresses,
// tokens nor redeem links.
package entra
