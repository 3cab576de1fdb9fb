package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// watchmaker is a guard between a clock of ours and one of Slack's, both of which
// tests move.
type watchmaker struct {
	*guard
	ours, slacks clock
	dateless     bool
	down         error
	during       func() // what happens while Slack is asked
	asked        int
	log          journal
}

func newWatchmaker(t *testing.T) *watchmaker {
	t.Helper()
	m := &watchmaker{}
	m.guard = newGuard(m.ours.now, slog.New(slog.NewJSONHandler(&m.log, nil)))
	client := &http.Client{Transport: m.watch(m)}
	m.ask = func(ctx context.Context) error {
		m.asked++
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://slack.example/api/auth.test", http.NoBody)
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	if err := m.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}

// RoundTrip is Slack.
func (m *watchmaker) RoundTrip(*http.Request) (*http.Response, error) {
	if m.down != nil {
		return nil, m.down
	}
	header := http.Header{}
	if !m.dateless {
		header.Set("Date", m.slacks.now().UTC().Format(http.TimeFormat))
	}
	if m.during != nil {
		m.during()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

// TestTheClockIsTrustedWhileItAgreesWithSlack moves clocks about.
func TestTheClockIsTrustedWhileItAgreesWithSlack(t *testing.T) {
	down := errors.New("no route to host")
	tests := []struct {
		name  string
		given func(*watchmaker)
		says  string // a part of why it is not trusted; empty: it is
	}{
		{"nothing happened", func(*watchmaker) {}, ""},
		{"half a minute is nothing", func(m *watchmaker) { m.ours.forward(29 * time.Second) }, ""},
		{"a minute is within what clocks differ", func(m *watchmaker) { m.ours.forward(time.Minute) }, ""},
		{"it steps forth", func(m *watchmaker) { m.ours.forward(hour) }, "our clock is 1h0m0s ahead of Slack's"},
		{"it steps back", func(m *watchmaker) { m.ours.forward(-hour) }, "behind Slack's"},
		{"it steps back and forth", func(m *watchmaker) { m.ours.forward(hour); _ = m.trusted(context.Background()); m.ours.forward(-hour) }, ""},
		{"the machine slept", func(m *watchmaker) { m.ours.forward(9 * hour); m.slacks.forward(9 * hour) }, ""},
		{"it steps while Slack is away", func(m *watchmaker) { m.ours.forward(hour); m.down = down }, "our clock jumped by 1h0m0s, and Slack cannot be asked for the time: "},
		{"Slack is away and it does not step", func(m *watchmaker) { m.down = down }, ""},
		{"Slack tells no time", func(m *watchmaker) { m.dateless = true; m.ours.forward(hour) }, ""},
		{"it steps while Slack answers", func(m *watchmaker) { m.ours.forward(hour); m.during = func() { m.ours.forward(hour) } }, "our clock jumped by 2h0m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newWatchmaker(t)
			tt.given(m)
			err := m.trusted(t.Context())
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("trusted: %v, want %q", err, tt.says)
			}
		})
	}
}

// TestTheTimeIsRightWhateverTheClockSays moves our clock, and Slack's with it or not.
func TestTheTimeIsRightWhateverTheClockSays(t *testing.T) {
	away := errors.New("no route to host")
	tests := []struct {
		name  string
		given func(*watchmaker)
		want  time.Duration // from the time at the start
	}{
		{"nothing happened", func(*watchmaker) {}, 0},
		{"a little is followed", func(m *watchmaker) { m.ours.forward(20 * time.Second) }, 20 * time.Second},
		{"a step forth is not", func(m *watchmaker) { m.ours.forward(hour) }, 0},
		{"a step back is not", func(m *watchmaker) { m.ours.forward(-hour) }, 0},
		{"a night's sleep is", func(m *watchmaker) { m.ours.forward(9 * hour); m.slacks.forward(9 * hour) }, 9 * hour},
		{"nor is a step that nobody can judge", func(m *watchmaker) { m.ours.forward(9 * hour); m.down = away }, 0},
		{"nor a step from a wrong time to another", func(m *watchmaker) { m.ours.forward(hour); m.time(); m.ours.forward(-3 * hour); m.down = away }, 0},
		{"a step that puts it right is", func(m *watchmaker) { m.ours.forward(hour); m.time(); m.ours.forward(-hour) }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newWatchmaker(t)
			began := time.Now()
			tt.given(m)
			if off := m.time().Sub(began.Add(tt.want)); off.Abs() > 5*time.Second {
				t.Errorf("off by %s", off)
			}
		})
	}
}

func TestAWrongClockIsSaidOnceAndRecovers(t *testing.T) {
	m := newWatchmaker(t)
	m.ours.forward(hour)
	for range 20 {
		if m.trusted(t.Context()) == nil {
			t.Fatal("an hour ahead, and trusted")
		}
	}
	if m.asked > 2 {
		t.Errorf("Slack was asked %d times in a moment", m.asked)
	}
	if n := strings.Count(m.log.String(), "our clock is wrong"); n != 1 {
		t.Errorf("said %d times", n)
	}
	m.ours.forward(-hour)
	if err := m.trusted(t.Context()); err != nil || !strings.Contains(m.log.String(), "agrees with Slack again") {
		t.Errorf("set right: %v\n%s", err, m.log.String())
	}
}

// TestAJumpIsJudgedWhenSlackIsBack waits for the next question, soon after one
// that was not answered.
func TestAJumpIsJudgedWhenSlackIsBack(t *testing.T) {
	m := newWatchmaker(t)
	m.ours.forward(9 * hour)
	m.slacks.forward(9 * hour)
	m.down = errors.New("no route to host")
	if m.trusted(t.Context()) == nil {
		t.Fatal("a jump that nobody can judge is trusted")
	}
	m.down = nil
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); m.trusted(t.Context()) != nil; {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal(m.trusted(t.Context()))
		}
	}
}

// TestAClockThatIsWrongFromTheStartIsNoticed needs no jump to see it.
func TestAClockThatIsWrongFromTheStartIsNoticed(t *testing.T) {
	m := newWatchmaker(t)
	m.slacks.forward(-3 * hour) // before anybody asked
	if err := m.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.trusted(t.Context()); err == nil || !strings.Contains(err.Error(), "3h0m0s ahead") {
		t.Errorf("trusted: %v", err)
	}
}
