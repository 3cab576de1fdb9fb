// Package rules compiles the conditions of the policy's rules, which are written
// in the Common Expression Language (CEL), into approvals.Condition.
//
// It owns what a condition may ask about (variables.go), what is said of a
// mistake in one, and what can be told of a condition without a case: whether it
// can ever hold, and which user groups and names it speaks of. What a rule does
// where its condition holds is the policy's.
//
// A condition is pure: it has no clock and asks nobody, and how much it may
// compute is bounded, so the same case always has the same answer. Where there is
// none, Holds returns an error, and the policy takes what is not known for a no.
package rules
