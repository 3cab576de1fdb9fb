package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// largeGoal is a sentence about one figure of a benchmark of the stores.
type largeGoal struct {
	what, benchmark, unit string
	limit                 float64
}

func largeGoals() []largeGoal {
	const page, first = "newest 20 pending, p99", "first owed work after a start with 100,000 rows owed"
	return []largeGoal{
		{page + ", bbolt", "BenchmarkLarge/bolt/newest_20_pending", "p99-ms", 1},
		{page + ", PostgreSQL", "BenchmarkLarge/postgres/newest_20_pending", "p99-ms", 5},
		{first + ", bbolt", "BenchmarkFirstWork/bolt", "p99-ms", 1000},
		{first + ", PostgreSQL", "BenchmarkFirstWork/postgres", "p99-ms", 1000},
	}
}

// readLarge runs the benchmarks of the stores, which fill one of each kind with
// so many requests, and returns how each goal did.
func readLarge(ctx context.Context, requests int, p program) (lines []string, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "./store", "-run", "^$", "-bench", "^Benchmark(Large|FirstWork)$", "-timeout", "30m")
	cmd.Env = append(os.Environ(), "PARTNERBOT_BENCH_REQUESTS="+strconv.Itoa(requests))
	cmd.Stderr = p.err
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.say("filling a store of each kind with %d requests", requests)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	figures, err := figuresOf(io.TeeReader(out, p.out))
	if err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("measuring the large store: %w", err)
	}
	for _, g := range largeGoals() {
		if figure, measured := figures[g.benchmark][g.unit]; measured {
			lines = append(lines, judged(g.what, figure, g.limit, true, " ms", ""))
		}
	}
	return lines, nil
}

// figuresOf reads what benchmarks print: by their name, then by the unit.
func figuresOf(in io.Reader) (map[string]map[string]float64, error) {
	figures := map[string]map[string]float64{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, _, _ := cutLast(fields[0], "-") // the number of processors
		units := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", lines.Text(), err)
			}
			units[fields[i+1]] = value
		}
		figures[name] = units
	}
	return figures, lines.Err()
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
