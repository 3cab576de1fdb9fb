package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// report prints the medians, a line a contestant and a column a load: first how
// fast, then what it cost the processor.
func (c *contest) report(s score) error {
	_, err := fmt.Fprintf(c.out, "Medians of %d rounds of %s. Each request is a submitted form of its own, signed; what counts is its acceptance.\n\n",
		c.rounds, c.loads[0].length)
	if err != nil {
		return err
	}
	err = c.table("accepted a second, p50 / p99", s, func(m result) string {
		return fmt.Sprintf("%.0f   %s / %s", m.rate, ms(m.p50), ms(m.p99))
	})
	if err != nil {
		return err
	}
	return c.table("processor time a request", s, func(m result) string { return ms(m.cpu) })
}

func (c *contest) table(what string, s score, cell func(result) string) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 3, ' ', 0)
	line := []string{what}
	for _, l := range c.loads {
		line = append(line, l.String())
	}
	lines := [][]string{line}
	for _, who := range c.contestants {
		line := []string{who.title}
		for _, l := range c.loads {
			line = append(line, cell(middle(s[who.name][l.String()])))
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, strings.Join(line, "\t")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return w.Flush()
}

// middle takes the median of each figure by itself.
func middle(rounds []result) result {
	return result{
		rate: medianOf(rounds, rate),
		p50:  time.Duration(medianOf(rounds, p50)),
		p99:  time.Duration(medianOf(rounds, p99)),
		cpu:  time.Duration(medianOf(rounds, func(r result) float64 { return float64(r.cpu) })),
	}
}

func medianOf(rounds []result, of func(result) float64) float64 {
	values := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		values = append(values, of(r))
	}
	return median(values)
}
