package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerbot/bot"
	"partnerbot/sandbox"
)

// catalogue is what people read.
var catalogue = sync.OnceValues(bot.NewWords)

// words are a sentence of it.
func words(id string, args bot.Args) string {
	w, err := catalogue()
	if err != nil {
		panic(err)
	}
	return w.Say("", id, args)
}

// wall is what hangs in Slack and what was asked of Entra, followed call by
// call: looking at it costs nothing, however much there is.
type wall struct {
	t     testing.TB
	world *sandbox.World

	mu           sync.Mutex
	changed      chan struct{}
	slack, graph int // calls taken so far
	posts        map[peg]*post
	again        []string               // messages that were posted though they were there
	counts       map[string]int         // calls of each kind
	clicks       map[click][]time.Time  // presses of Approve that reached the bot
	invited      map[string][]time.Time // invitations that left, by address
	given        map[string]time.Time   // grants that Entra made, by address and group
	spoken       []spoken
}

// peg is where a message hangs: the card of a stage, or the requester's own (-1).
type peg struct {
	wish  string
	stage int
}

const direct = -1

// post is a message as it hangs now.
type post struct {
	id, state, channel, ts string
	buttons                []string
}

// click is a button of a card.
type click struct {
	id    string
	stage int
	who   string
}

// spoken is a message that spoke of access, or of joining.
type spoken struct {
	wish, text string
	joined     bool
	at         time.Time
}

func newWall(t testing.TB, world *sandbox.World) *wall {
	return &wall{
		t: t, world: world, changed: make(chan struct{}), posts: map[peg]*post{}, counts: map[string]int{},
		clicks: map[click][]time.Time{}, invited: map[string][]time.Time{}, given: map[string]time.Time{},
	}
}

// follow takes what crosses the wire until ctx ends, and then the rest.
func (w *wall) follow(ctx context.Context) {
	for {
		changed := w.world.Changed()
		w.take()
		select {
		case <-changed:
		case <-ctx.Done():
			w.take()
			return
		}
	}
}

// graphForgets is how many calls to Graph are kept.
const graphForgets = 5_000

func (w *wall) take() {
	slack, graph := w.world.Calls(), w.world.Tenant().Calls()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(slack) < w.slack || len(graph) >= graphForgets {
		w.t.Error("the world forgets calls: play fewer rounds in one")
		return
	}
	for _, c := range slack[w.slack:] {
		w.takeSlack(c)
	}
	for _, c := range graph[w.graph:] {
		w.takeGraph(c)
	}
	w.slack, w.graph = len(slack), len(graph)
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *wall) takeSlack(c sandbox.Call) {
	w.counts[c.Method]++
	switch {
	case c.Dir == sandbox.ToApp && c.Method == "interactive":
		w.takeClick(c)
	case c.Error != "" || c.Dir == sandbox.ToApp:
	case c.Method == "chat.postMessage", c.Method == "chat.update":
		w.takeMessage(c)
	}
}

// takeClick notes a press of Approve, whatever became of its acknowledgement.
func (w *wall) takeClick(c sandbox.Call) {
	user, _ := c.Args["user"].(map[string]any)
	actions, _ := c.Args["actions"].([]any)
	for _, a := range actions {
		action, _ := a.(map[string]any)
		value, _ := action["value"].(string)
		who, _ := user["id"].(string)
		if target, ok := targetOf(value); ok && action["action_id"] == "approve" {
			target.who = who
			w.clicks[target] = append(w.clicks[target], c.At)
		}
	}
}

// takeMessage hangs a message up, or a new version of it. Replies are below
// their message and hang nowhere.
func (w *wall) takeMessage(c sandbox.Call) {
	text, _ := c.Args["text"].(string)
	head, name, ok := strings.Cut(text, ": ")
	id, state, named := strings.Cut(head, " · ")
	if thread, _ := c.Args["thread_ts"].(string); thread != "" || !ok || !named {
		return
	}
	m := sent(w.t, c)
	now := &post{id: id, state: state, buttons: m.Buttons()}
	now.channel, _ = c.Response["channel"].(string)
	now.ts, _ = c.Response["ts"].(string)
	at := peg{name, stageOf(c)}
	if c.Method == "chat.update" {
		at = w.where(now.channel, now.ts)
	} else if w.posts[at] != nil {
		w.again = append(w.again, text+" in "+now.channel)
	}
	w.posts[at] = now
	said := m.Plain() + "\n" + text
	if saysGranted.MatchString(said) {
		w.spoken = append(w.spoken, spoken{wish: name, text: said, at: c.At, joined: saysJoined.MatchString(said)})
	}
}

// where a message hangs that was posted before.
func (w *wall) where(channel, ts string) peg {
	for at, p := range w.posts {
		if p.channel == channel && p.ts == ts {
			return at
		}
	}
	return peg{"an older message that was posted again", direct}
}

// stageOf is the stage of a card, by the channel that it hangs in.
func stageOf(c sandbox.Call) int {
	switch c.Response["channel"] {
	case falconSponsors, general, "C0RANDOM":
		return 0
	case heronOwners:
		return 1
	}
	return direct
}

func (w *wall) takeGraph(c sandbox.GraphCall) {
	switch {
	case c.Method == http.MethodPost && c.Path == "/invitations":
		w.counts["POST /invitations"]++
		address, _, whole := strings.Cut(after(c.Body, `"invitedUserEmailAddress":"`), `"`)
		if !whole { // the program was killed while it was sending: that invites nobody
			return
		}
		w.invited[address] = append(w.invited[address], c.At)
	case c.Method == http.MethodPost && strings.HasSuffix(c.Path, "/members/$ref"):
		w.counts["POST members"]++
		account, _, _ := strings.Cut(after(c.Body, "directoryObjects/"), `"`)
		group := strings.TrimSuffix(strings.TrimPrefix(c.Path, "/groups/"), "/members/$ref")
		if key := account + " in " + group; w.given[key].IsZero() && c.Status == http.StatusNoContent {
			w.given[key] = c.At
		}
	case c.Method == http.MethodGet && c.Path == "/users":
		w.counts["GET /users"]++
	}
}

func after(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	return rest
}

// post is a message as it hangs now; a zero one if it does not.
func (w *wall) post(at peg) post {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.posts[at]; p != nil {
		return *p
	}
	return post{}
}

func (p post) offers(button string) bool { return slices.Contains(p.buttons, button) }

// over reports that nobody can do anything about the request any more.
func (p post) over() bool { return p.state == saysDenied || p.state == saysCancelled }

// count is how many calls of a kind there were so far.
func (w *wall) count(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[kind]
}

// news is closed when there is something new.
func (w *wall) news() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// until waits for something to be so, or for the end of ctx.
func (w *wall) until(ctx context.Context, so func() bool) bool {
	for {
		news := w.news()
		if so() {
			return true
		}
		select {
		case <-news:
		case <-ctx.Done():
			return false
		}
	}
}
