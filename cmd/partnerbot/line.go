package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"partnerbot/approvals"
)

// line is the way to the `serve` that has the file of a store open.
type line struct{ http *http.Client }

// serving is the line to the `serve` that runs on this store. It is false if none
// does, or if the store is a database, which needs no such way.
func (a place) serving(ctx context.Context) (l *line, serves bool, err error) {
	if a.Bolt == "" {
		return nil, false, nil
	}
	path := socketOf(a.Bolt)
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, false, fmt.Errorf("reaching the running partnerbot at %s: %w; run this as the user that it runs as", path, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOTSOCK):
		return nil, false, nil // nobody listens
	case err != nil:
		return nil, false, fmt.Errorf("reaching the running partnerbot at %s: %w", path, err)
	}
	_ = conn.Close() // it was a try
	way := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	return &line{&http.Client{Transport: way}}, true, nil
}

func (l *line) hangUp() { l.http.CloseIdleConnections() }

// backup has a copy of the store written to a new file, for this user alone.
func (l *line) backup(ctx context.Context, path string) error {
	resp, err := l.send(ctx, http.MethodGet, "backup", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return writeNew(path, func(w io.Writer) error {
		_, err := io.Copy(w, resp.Body)
		return err
	})
}

// ask gives a command and reads what came of it.
func (l *line) ask(ctx context.Context, command string, a about, result any) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	resp, err := l.send(ctx, http.MethodPost, command, text)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(result)
}

// send returns a good answer. A refusal comes back as what it was on the other side.
func (l *line) send(ctx context.Context, method, command string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://partnerbot/v1/"+command, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := l.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the running partnerbot: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("asking the running partnerbot: %w", err)
	}
	refusal := &approvals.Refusal{}
	if resp.StatusCode == http.StatusConflict && json.Unmarshal(text, refusal) == nil {
		return nil, refusal
	}
	return nil, fmt.Errorf("the running partnerbot: %s", strings.TrimSpace(string(text)))
}
