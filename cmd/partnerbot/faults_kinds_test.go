package main

import (
	"net/http"
	"time"

	"partnerbot/sandbox"
)

// faultTimeout is how long a call may take in these plays; what hangs, hangs longer.
const (
	faultTimeout = 1500 * time.Millisecond
	hanging      = 2 * faultTimeout
)

// wrong is one way for a call to go wrong, as Slack does it and as Graph does.
type wrong struct {
	name  string
	slack sandbox.Fault
	graph sandbox.GraphFault
}

// wrongs are all ways. A refusal for good is worded for the method it strikes.
func wrongs() []wrong {
	const page = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
	half := sandbox.Fault{Body: `{"ok":tr`, ContentType: "application/json", AfterEffect: true}
	return []wrong{
		{"429 with Retry-After", sandbox.Fault{Status: 429, Error: "ratelimited", RetryAfter: 7 * time.Second}, sandbox.GraphFault{Status: 429, RetryAfter: "7"}},
		{"429 without", sandbox.Fault{Status: 429, Error: "ratelimited"}, sandbox.GraphFault{Status: 429}},
		{"500", sandbox.Fault{Status: 500}, sandbox.GraphFault{Status: 500}},
		{"502 with HTML", sandbox.Fault{Status: 502, Body: page}, sandbox.GraphFault{Status: 502, HTML: true}},
		{"502 with HTML after the effect", sandbox.Fault{Status: 502, Body: page, AfterEffect: true}, sandbox.GraphFault{Status: 502, HTML: true, AfterEffect: true}},
		{"503", sandbox.Fault{Status: 503}, sandbox.GraphFault{Status: 503}},
		{"time-out before the effect", sandbox.Fault{Delay: hanging, Cut: true}, sandbox.GraphFault{Delay: hanging, Cut: true}},
		{"time-out after the effect", sandbox.Fault{Delay: hanging, AfterEffect: true}, sandbox.GraphFault{Delay: hanging, AfterEffect: true}},
		{"cut before the effect", sandbox.Fault{Cut: true}, sandbox.GraphFault{Cut: true}},
		{"cut after the effect", sandbox.Fault{Cut: true, AfterEffect: true}, sandbox.GraphFault{Cut: true, AfterEffect: true}},
		{"malformed", half, sandbox.GraphFault{Malformed: true, AfterEffect: true}},
		{"ok false in passing", sandbox.Fault{Error: "internal_error"}, sandbox.GraphFault{Body: `{"error":{"code":"UnknownError","message":"An error occurred."}}`}},
		{refusal, sandbox.Fault{}, sandbox.GraphFault{Status: 403, Code: "Authorization_RequestDenied", Message: noPrivileges}},
	}
}

const (
	refusal      = "ok false for good"
	noPrivileges = "Insufficient privileges to complete the operation."
)

// refusals are what Slack says to a method for good, where it is not a missing scope.
func refusals() map[string]sandbox.Fault {
	return map[string]sandbox.Fault{
		"apps.connections.open": {Error: "invalid_auth"},
		"auth.test":             {Error: "invalid_auth"},
		"chat.postMessage":      {Error: "not_in_channel"},
		"chat.update":           {Error: "is_archived"},
		"response_url":          {Status: http.StatusNotFound, Error: "used_url"},
		"users.info":            {Error: "user_not_found"},
		"views.open":            {Error: "not_enabled"},
	}
}

// target is a call that can go wrong: a method of Slack's, or a method and path of Graph's.
type target struct {
	mode   string // in which way of listening it is made
	method string
	path   string // a pattern; empty for Slack
	after  *target
	fault  wrong // what struck `after`, so that this call is made at all
}

func (c target) String() string {
	if c.path == "" {
		return c.method
	}
	return c.method + " " + c.path
}

// strike arms a fault for the next calls of a target.
func (c target) strike(w *sandbox.World, f wrong, times int) {
	if c.after != nil {
		c.after.strike(w, c.fault, times+1)
	}
	if c.path != "" {
		f.graph.Times = times
		w.Tenant().Fail(c.method, c.path, f.graph)
		return
	}
	if f.name == refusal {
		f.slack = sandbox.Fault{Error: "missing_scope"}
		if special, ok := refusals()[c.method]; ok {
			f.slack = special
		}
	}
	f.slack.Times = times
	w.Fail(c.method, f.slack)
}
