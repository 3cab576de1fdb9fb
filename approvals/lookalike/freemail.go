package lookalike

import (
	_ "embed"
	"strings"
)

//go:embed freemail.txt
var freeMailFile string

//go:embed disposable.txt
var disposableFile string

var (
	freeMail        = readDomains(freeMailFile)
	disposableMails = readDomains(disposableFile)
)

func readDomains(file string) map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(file) {
		if d := strings.TrimSpace(line); d != "" && !strings.HasPrefix(d, "#") {
			m[d] = true
		}
	}
	return m
}

// FreeMail reports whether anybody can get an address at d, and whether those
// addresses are made to be thrown away. A subdomain of a provider is not taken
// for the provider, its own people are often there; one of a disposable
// service is.
func FreeMail(d string) (free, disposable bool) {
	d = toASCII(d)
	if freeMail[d] {
		return true, false
	}
	for more := true; more; _, d, more = strings.Cut(d, ".") {
		if disposableMails[d] {
			return true, true
		}
	}
	return false, false
}
