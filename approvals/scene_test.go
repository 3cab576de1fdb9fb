package approvals

import (
	"errors"
	"testing"
	"time"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// scene is one request as events and time change it.
type scene struct {
	*testing.T

	r    Request
	now  time.Time
	owed []Owing // by the last event
	err  error   // of the last event
}

// act is a part of a scene. Only the last may be refused.
type act func(*scene)

func (s *scene) plays(acts ...act) {
	s.Helper()
	for i, a := range acts {
		if s.err != nil {
			s.Fatalf("act %d was refused: %v", i-1, s.err)
		}
		a(s)
	}
}

func (s *scene) happens(ev Event) { s.r, s.owed, s.err = s.r.Apply(ev, s.now) }

// wants compares how the last act went.
func (s *scene) wants(state State, err error) {
	s.Helper()
	if s.r.State != state || !errors.Is(s.err, err) {
		s.Errorf("got %s, %v; want %s, %v", s.r.State, s.err, state, err)
	}
}

// does is what a step of the other tables makes happen.
func does(all ...step) act {
	return func(s *scene) {
		for _, one := range all {
			if s.err == nil {
				s.happens(one(s.r, s.now))
			}
		}
	}
}

func acts(all []step) act { return does(all...) }

// later lets time go on and looks at the clock then, as the worker does.
func later(d time.Duration) act {
	return func(s *scene) {
		for end := s.now.Add(d); ; {
			next := s.r.due()
			if next.IsZero() || next.After(end) || len(s.r.Presses) > 0 {
				s.now = end
				return
			}
			if next.After(s.now) {
				s.now = next
			}
			before := s.r.Version
			s.tick()
			if s.r.Version == before {
				s.now = end
				return
			}
		}
	}
}

// downFor lets time go on while nobody looks, and looks once.
func downFor(d time.Duration) act {
	return func(s *scene) { s.now = s.now.Add(d); s.tick() }
}

// unseen lets time go on while nobody looks.
func unseen(d time.Duration) act { return func(s *scene) { s.now = s.now.Add(d) } }

func (s *scene) tick() {
	c, err := advance(s.r, s.now, Ticked{}, DeadlinePassed{}, TimeOver{})
	if err != nil {
		s.Fatal(err)
	}
	s.r, s.owed = c.Request, c.Owed
}

// sees judges a press with what Slack and a delegation say.
func sees(who Person, change func(*Voted)) step {
	return func(r Request, now time.Time) Event {
		ev, _ := judgedAs(who)(r, now).(Voted)
		if change != nil {
			change(&ev)
		}
		return ev
	}
}

// pressing is a press with more to it than a verdict.
func pressing(user string, v Verdict, change func(*Press)) step {
	return func(r Request, now time.Time) Event {
		ev, _ := press(user, v)(r, now).(Pressed)
		change(&ev.Press)
		return ev
	}
}

// less narrows the present terms.
func less(change func(*Terms)) step { return lessBy("sam", false, change) }

func lessBy(user string, also bool, change func(*Terms)) step {
	return func(r Request, now time.Time) Event {
		t := r.Terms()
		change(&t)
		return pressing(user, Narrow, func(p *Press) { p.Terms, p.Also = &t, also })(r, now)
	}
}

// onBehalf is somebody judged with the right that another one gave them.
func onBehalf(user, of string) step {
	return sees(colleague(user), func(ev *Voted) { ev.Behalf = Behalf{Of: colleague(of), Groups: groupsOfUser(of)} })
}

func groupsOfUser(user string) (in []string) {
	for _, g := range []string{"S1", "S2", "S3"} {
		if has(members[g], user) {
			in = append(in, g)
		}
	}
	return in
}

func undone(user string) step {
	return func(r Request, _ time.Time) Event {
		for _, p := range r.Presses {
			if p.Verdict == Undo && p.By.User == user {
				return Undone{By: colleague(user), Press: p}
			}
		}
		return Undone{By: colleague(user)}
	}
}

func revoked(user string, admin bool) step {
	return func(r Request, _ time.Time) Event {
		for _, p := range r.Presses {
			if p.Verdict == Revoke && p.By.User == user {
				return Revoked{By: colleague(user), Groups: groupsOfUser(user), Admin: admin, Press: p}
			}
		}
		return Revoked{By: colleague(user)}
	}
}

func undoing(user string) act            { return does(press(user, Undo), undone(user)) }
func revoking(user string, adm bool) act { return does(press(user, Revoke), revoked(user, adm)) }

func asking(user string) act { return does(press(user, Ask), judged(user)) }

// answering answers the first question that was asked.
func answering(user, text string) act {
	return does(func(r Request, _ time.Time) Event {
		var asked time.Time
		if len(r.Talk) > 0 {
			asked = r.Talk[len(r.Talk)-1].At
		}
		return Answered{By: id(user), Tag: r.Tag, Asked: asked, Text: text}
	})
}

func nudging(user string) act {
	return does(func(r Request, _ time.Time) Event { return Nudged{By: id(user), Tag: r.Tag} })
}

func editing(user string, change func(*Terms)) act {
	return does(func(r Request, _ time.Time) Event {
		t := r.Terms()
		change(&t)
		return Edited{By: id(user), Tag: r.Tag, Edition: r.Edition, Terms: t}
	})
}

// set is what nothing does: the request is made otherwise than fresh ones are.
func set(change func(*Request)) act { return func(s *scene) { change(&s.r) } }

// scened plays a scene that begins with a fresh request and its limits.
func scened(t *testing.T, a Access, all ...act) *scene {
	t.Helper()
	d := Draft{By: colleague("ann"), Email: jane, Name: "Jane", For: 30 * day, Reason: "kick-off"}
	s := &scene{T: t, r: open(d, a, nine).Request, now: nine}
	s.r.Limits = Limits{Hold: 20 * time.Second}
	s.plays(all...)
	return s
}

// calls are the kinds of what was called out so far.
func (s *scene) calls() (kinds []CallKind) {
	for _, c := range s.r.Calls {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}
