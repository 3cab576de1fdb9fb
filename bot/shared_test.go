package bot

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// TestOneReadingServesAllWhoAskedBeforeItBegan lets many ask for a group while
// it is being read.
func TestOneReadingServesAllWhoAskedBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		readings, gate := 0, make(chan struct{})
		read := func(ctx context.Context) (int, error) {
			readings++
			mine := readings
			<-gate
			return mine, ctx.Err()
		}
		var wg sync.WaitGroup
		ask := func(what string, want int) {
			wg.Go(func() {
				if got, err := s.ask(t.Context(), what, read); got != want || err != nil {
					t.Errorf("reading %d, want %d, %v", got, want, err)
				}
			})
			synctest.Wait()
		}
		ask("S1", 1)
		for range 30 {
			ask("S1", 2)
		}
		gate <- struct{}{}
		synctest.Wait()
		ask("S1", 3)
		close(gate)
		wg.Wait()
		ask("S1", 4)
		synctest.Wait()
		if readings != 4 || len(s.lines) != 0 {
			t.Errorf("%d readings, %d lines are left", readings, len(s.lines))
		}
	})
}

func TestWhoeverLeavesKeepsNobodyFromTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		gate := make(chan struct{})
		read := func(ctx context.Context) (int, error) {
			<-gate
			return 1, ctx.Err()
		}
		first, leave := context.WithCancel(t.Context())
		gone, stays := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := s.ask(first, "S1", read)
			gone <- err
		}()
		synctest.Wait()
		go func() {
			_, err := s.ask(t.Context(), "S1", read)
			stays <- err
		}()
		synctest.Wait()
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("whoever left got %v", err)
		}
		close(gate)
		if err := <-stays; err != nil {
			t.Errorf("whoever stayed got %v", err)
		}
	})
}

// TestAPanicInAReadingIsAnErrorForAllWhoWait, and the next one is read as ever.
func TestAPanicInAReadingIsAnErrorForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared[int]
		gate, broken := make(chan struct{}), true
		read := func(context.Context) (int, error) {
			<-gate
			if broken {
				panic("no such member")
			}
			return 1, t.Context().Err()
		}
		failed := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := s.ask(t.Context(), "S1", read)
				failed <- err
			}()
			synctest.Wait()
		}
		close(gate)
		for range 3 {
			if err := <-failed; err == nil || !strings.Contains(err.Error(), "no such member") {
				t.Errorf("got %v", err)
			}
		}
		synctest.Wait()
		broken = false
		if got, err := s.ask(t.Context(), "S1", read); got != 1 || err != nil {
			t.Errorf("afterwards %d, %v", got, err)
		}
	})
}
