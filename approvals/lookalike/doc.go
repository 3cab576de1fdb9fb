// Package lookalike says whether the domain of a guest looks like one that is
// known (a partner's, the company's own) without being it, which one, and what
// differs; whether anybody can have an address there; and which domain stands
// for all of its owner's.
//
// It owns the comparison and the lists it needs (words that are added to
// names, providers of free mail). It asks nobody: no network, no clock. What a
// likeness means for a request is the policy's to say.
//
// A short name has honest neighbours everywhere: of the 17,576 names of three
// letters nearly all are taken, and each has 75 others one letter away. So
// every rule asks for a length from which a coincidence is rarer than an
// attempt; the lengths and their reasons are in limits.go.
package lookalike
