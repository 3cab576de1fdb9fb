package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Store says where requests live.
type Store struct {
	Bolt     string // path of the bbolt file, if it is one
	Postgres string // URL of the database, if it is one; it may hold a password
}

// ParseStore reads bolt:FILE or postgres://USER@HOST/DATABASE.
func ParseStore(s string) (Store, error) {
	scheme, path, _ := strings.Cut(s, ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		if !wellFormed(s) {
			return Store{}, errors.New("the database's address cannot be read; write postgres://USER@HOST/DATABASE, and in a password %2F for /, %40 for @, %23 for #, %3F for ? and %25 for %")
		}
		return Store{Postgres: s}, nil
	case scheme != "bolt" || path == "":
		return Store{}, fmt.Errorf("%q is not a store; write bolt:FILE, e.g. bolt:partnerbot.db, or postgres://USER@HOST/DATABASE", withoutUser(s))
	}
	return Store{Bolt: path}, nil
}

// wellFormed refuses an address in which a part of the password would be taken
// for something else, and would be shown.
func wellFormed(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Fragment == "" && !strings.Contains(u.Path, "@") && (u.User != nil || u.Host == "" || !strings.Contains(u.RawQuery, "@"))
}

// As is the address of the database for one role of ours, serve or a command,
// and the name that the database then shows beside the connections. A name that
// the operator chose is kept for serve.
func (s Store) As(role string) (address, name string) {
	c, err := pgx.ParseConfig(s.Postgres)
	if err != nil {
		return s.Postgres, "" // whoever opens it says what is wrong
	}
	name = c.RuntimeParams["application_name"]
	if name == "" || role != "serve" {
		name = "partnerbot " + role
		if path := c.RuntimeParams["search_path"]; path != "" {
			name += " in " + path
		}
	}
	address, query, _ := strings.Cut(s.Postgres, "?")
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool { return p == "" || strings.HasPrefix(p, "application_name=") })
	kept = append(kept, "application_name="+strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
	return address + "?" + strings.Join(kept, "&"), name
}

var userInAddress = regexp.MustCompile(`//.*@`)

func withoutUser(s string) string { return userInAddress.ReplaceAllString(s, "//…@") }

// String names the store in what people read: without a password.
func (s Store) String() string {
	if s.Postgres == "" {
		return "bolt:" + s.Bolt
	}
	c, err := pgx.ParseConfig(s.Postgres)
	if err != nil {
		return "the database"
	}
	name := fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.Database)
	if schema := c.RuntimeParams["search_path"]; schema != "" {
		name += " (schema " + schema + ")"
	}
	return name
}
