package bot

import (
	"strconv"
	"testing"
	"time"
)

func TestAKeyIsRememberedForTheWindow(t *testing.T) {
	now := noon
	s := newSeen(func() time.Time { return now }, time.Minute, 1000)
	if !s.add("a") {
		t.Fatal("a new key was known")
	}
	for _, after := range []time.Duration{time.Second, 30 * time.Second, 29 * time.Second} {
		now = now.Add(after)
		if s.add("a") {
			t.Errorf("forgotten after %v", now.Sub(noon))
		}
	}
	now = now.Add(3 * time.Minute)
	if !s.add("a") {
		t.Error("remembered for ever")
	}
}

func TestAKeyNearTheTurnIsRememberedToo(t *testing.T) {
	now := noon
	s := newSeen(func() time.Time { return now }, time.Minute, 1000)
	now = now.Add(59 * time.Second)
	s.add("late")
	now = now.Add(59 * time.Second)
	if s.add("late") {
		t.Error("forgotten within the window")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := newSeen(func() time.Time { return noon }, time.Minute, 100)
	for i := range 10_000 {
		s.add(strconv.Itoa(i))
	}
	if n := len(s.young) + len(s.old); n > 200 {
		t.Errorf("%d keys are kept", n)
	}
	if s.add("9999") {
		t.Error("the newest key was forgotten")
	}
}

func TestADroppedKeyIsNew(t *testing.T) {
	s := newSeen(func() time.Time { return noon }, time.Minute, 100)
	s.add("a")
	s.drop("a")
	if !s.add("a") {
		t.Error("a dropped key is still known")
	}
}
