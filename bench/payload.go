package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed" // for the form
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"time"
)

// submission is what Slack sends when the form of /invite-partner is submitted.
// The marks below stand where one submission differs from the next.
//
//go:embed view_submission.json
var submission []byte

const (
	guestMark  = "000000000000" // of the guest's address and of the trigger
	personMark = "BENCH00"      // of the requester's user ID
	stampMark  = "0000000001"
	signMark   = "0000000000000000000000000000000000000000000000000000000000000000"

	signingSecret = "bench-signing-secret"
	people        = 50 // who take turns in asking
)

// form writes submitted forms as requests, each its own and signed, in place.
type form struct {
	text    []byte // the whole request
	body    int    // where the body begins
	stamp   int
	sign    int
	guests  []int
	persons []int
	mac     hash.Hash
}

func newForm() (*form, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, submission); err != nil {
		return nil, fmt.Errorf("reading the submission: %w", err)
	}
	body := "payload=" + url.QueryEscape(compact.String())
	head := fmt.Sprintf("POST /slack/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\nX-Slack-Request-Timestamp: %s\r\nX-Slack-Signature: v0=%s\r\n\r\n", len(body), stampMark, signMark)
	f := &form{
		text: []byte(head + body), body: len(head), mac: hmac.New(sha256.New, []byte(signingSecret)),
		stamp: bytes.Index([]byte(head), []byte(stampMark)), sign: bytes.Index([]byte(head), []byte(signMark)),
	}
	f.guests, f.persons = f.all(guestMark), f.all(personMark)
	if len(f.guests) != 2 || len(f.persons) != 1 {
		return nil, fmt.Errorf("reading the submission: it has %d places for a guest and %d for a person", len(f.guests), len(f.persons))
	}
	return f, nil
}

// all finds a mark wherever it is in the body.
func (f *form) all(mark string) (places []int) {
	for at := f.body; ; at += len(mark) {
		i := bytes.Index(f.text[at:], []byte(mark))
		if i < 0 {
			return places
		}
		at += i
		places = append(places, at)
	}
}

// next is the n-th request, signed for now. It is good until the next call.
func (f *form) next(n uint64, now time.Time) []byte {
	stamp := strconv.FormatInt(now.Unix(), 10)
	copy(f.text[f.stamp:], stamp)
	for _, at := range f.guests {
		digits(f.text[at:at+len(guestMark)], n)
	}
	for _, at := range f.persons {
		digits(f.text[at+len(personMark)-2:at+len(personMark)], n%people)
	}
	f.mac.Reset()
	f.mac.Write([]byte("v0:" + stamp + ":"))
	f.mac.Write(f.text[f.body:])
	hex.Encode(f.text[f.sign:f.sign+len(signMark)], f.mac.Sum(nil))
	return f.text
}

// digits fills a place with a number, zeros first.
func digits(place []byte, n uint64) {
	for i := len(place) - 1; i >= 0; i-- {
		place[i] = byte('0' + n%10)
		n /= 10
	}
}
