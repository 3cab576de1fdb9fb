package main

import (
	"fmt"
	"slices"
)

// goal is a sentence about two contestants under one load: ours, compared with
// theirs, is at least or at most so much.
type goal struct {
	what         string
	load         load
	of           func(result) float64
	ours, theirs string
	limit        float64
	atMost       bool
}

func rate(r result) float64 { return r.rate }
func p50(r result) float64  { return float64(r.p50) }
func p99(r result) float64  { return float64(r.p99) }

func goals() []goal {
	crowd, lone, even := load{connections: 64}, load{connections: 1}, load{connections: steadyConnections, rate: steady}
	return []goal{
		{"requests a second at 64 connections: bbolt to (c)", crowd, rate, onBolt, boltJSKeeps, 4, false},
		{"requests a second at 64 connections: bbolt to Bolt for JavaScript that keeps nothing", crowd, rate, onBolt, boltJS, 2, false},
		{"requests a second at 64 connections: bbolt to (a)", crowd, rate, onBolt, withoutStore, 0.6, false},
		{"requests a second at 64 connections: PostgreSQL to (c)", crowd, rate, onPostgres, boltJSKeeps, 2.5, false},
		{"median of a lone submission: bbolt to (b)", lone, p50, onBolt, oneByOne, 1.3, true},
		{"p99 at 1000 requests a second: bbolt to (c)", even, p99, onBolt, boltJSKeeps, 0.5, true},
	}
}

// verdict is how a goal did: the ratio of each round, for the machine differs
// more between rounds than within one, and their median.
func (g goal) verdict(s score) (line string, measured bool) {
	ours, theirs := s[g.ours][g.load.String()], s[g.theirs][g.load.String()]
	if len(ours) == 0 || len(theirs) == 0 {
		return "", false
	}
	ratios := make([]float64, 0, len(ours))
	for i := range ours {
		ratios = append(ratios, g.of(ours[i])/g.of(theirs[i]))
	}
	return judged(g.what, median(ratios), g.limit, g.atMost, "", fmt.Sprintf(" (rounds: %.2f)", ratios)), true
}

// judged words how a figure stands to its goal.
func judged(what string, figure, limit float64, atMost bool, unit, more string) string {
	word, met := "at least", figure >= limit
	if atMost {
		word, met = "at most", figure <= limit
	}
	verdict := "MISSED"
	if met {
		verdict = "met"
	}
	return fmt.Sprintf("%-6s  %.3g%s, goal %s %g%s   %s%s", verdict, figure, unit, word, limit, unit, what, more)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
