package config

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

const someKey = "0123456789abcdef0123456789abcdef"

// TestWhereTheStoreIs reads only that, and the keys, from a file whose other half
// is wrong and without any secret of Slack's.
func TestWhereTheStoreIs(t *testing.T) {
	missing := "environment: PARTNERBOT_AUDIT_KEY: is not taken: "
	tests := []struct {
		name, text, at string
		env            map[string]string
		store, keys    string
		want           string
	}{
		{"by default", small, "", nil, "bolt:partnerbot.db", "", ""},
		{"in the file", "store: bolt:a.db\n" + small, "", nil, "bolt:a.db", "", ""},
		{"in a file that is wrong elsewhere", "store: bolt:a.db\nlisten: x\nslak: {}\n", "", nil, "bolt:a.db", "", ""},
		{"wrong in the file", "store: a.db\n" + small, "", nil, "", "", `partnerbot.yaml:1: store: "a.db" is not a store`},
		{"no YAML", "store: [", "", nil, "", "", "partnerbot.yaml:1: is not valid YAML"},
		{"no file", "", "", nil, "", "", "--store"},
		{"said", "store: [", "bolt:b.db", nil, "bolt:b.db", "", ""},
		{"said wrong", small, "b.db", nil, "", "", `environment: --store: "b.db" is not a store`},
		{"a database", small, "postgres://bot:hunter2@db.example/partnerbot?search_path=acme", nil, "postgres://db.example:5432/partnerbot (schema acme)", "", ""},
		{"with a key", small, "", map[string]string{"PARTNERBOT_AUDIT_KEY": someKey}, "bolt:partnerbot.db", "3eb1bd43", ""},
		{"with a key in a file", small, "", map[string]string{"PARTNERBOT_AUDIT_KEY_FILE": "key"}, "bolt:partnerbot.db", "3eb1bd43", ""},
		{"with a key too short", small, "", map[string]string{"PARTNERBOT_AUDIT_KEY": "secret"}, "", "", missing + "line 1: this is no audit key: it has 6 characters and needs 32; `partnerbot audit key` makes one"},
		{"with a key twice", small, "", map[string]string{"PARTNERBOT_AUDIT_KEY": someKey, "PARTNERBOT_AUDIT_KEY_FILE": "key"}, "", "", "PARTNERBOT_AUDIT_KEY: is set twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			read := func(path string) ([]byte, error) {
				if text, ok := map[string]string{"partnerbot.yaml": tt.text, "key": someKey + "\n"}[path]; ok && text != "" {
					return []byte(text), nil
				}
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			store, keys, err := LoadStore("partnerbot.yaml", tt.at, read, func(k string) string { return tt.env[k] })
			if tt.want != "" {
				if ps, ok := errors.AsType[Error](err); !ok || len(ps) != 1 || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil || store.String() != tt.store || keys.String() != tt.keys {
				t.Errorf("got %s, %s, %v", store, keys, err)
			}
		})
	}
}

// TestAddressesOfRoles holds what a database shows beside the connections of
// serve and of commands, and that nothing else of an address changes.
func TestAddressesOfRoles(t *testing.T) {
	t.Setenv("PGAPPNAME", "")
	const at = "postgres://bot:a%2Bb+c@db.example/p"
	tests := []struct{ address, role, want, name string }{
		{at, "serve", at + "?application_name=partnerbot%20serve", "partnerbot serve"},
		{at, "command", at + "?application_name=partnerbot%20command", "partnerbot command"},
		{at + "?sslmode=disable&search_path=acme", "serve", at + "?sslmode=disable&search_path=acme&application_name=partnerbot%20serve%20in%20acme", "partnerbot serve in acme"},
		{at + "?application_name=bot%20%261&sslmode=disable", "serve", at + "?sslmode=disable&application_name=bot%20%261", "bot &1"},
		{at + "?application_name=bot", "command", at + "?application_name=partnerbot%20command", "partnerbot command"},
		{"postgres://bot:x@db:port/p", "serve", "postgres://bot:x@db:port/p", ""},
	}
	for _, tt := range tests {
		address, name := Store{Postgres: tt.address}.As(tt.role)
		if address != tt.want || name != tt.name {
			t.Errorf("%s as %s: %s, %q", tt.address, tt.role, address, name)
		}
	}
}

// TestNoPasswordIsNamed holds what people read of an address that is not taken,
// and of one that is.
func TestNoPasswordIsNamed(t *testing.T) {
	for _, address := range []string{
		"mysql://bot:hunter2@db/x", "postgre://hunter2@db", "//bot:hunter2@a@db/x",
		"postgres://bot:/hunter2@db/x", "postgres://bot:hunter2%zz@db/x", "postgres://bot:hunter2#@db/x", "postgres://bot:1#hunter2@db/x", "postgres://bot:1?hunter2@db/x",
	} {
		if _, err := ParseStore(address); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"postgres://bot:hunter2@db/x", "postgres:///x?host=/run/db&user=bot@acme&password=hunter2", "postgres://bot:hunter2@db/x?sslmode=no"} {
		if _, err := ParseStore(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if name := (Store{Postgres: address}).String(); strings.Contains(name, "hunter2") {
			t.Errorf("%s is called %s", address, name)
		}
	}
}
