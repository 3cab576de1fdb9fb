package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const guestList = "e-mail,name\njane@acme.example,Jane Doe\n"

// attaching is a modal for files in front of Ann.
func attaching(t *testing.T, w *World, fields string) *Actor {
	t.Helper()
	raw(t, w, `[{'type':'input','block_id':'list','label':{'type':'plain_text','text':'List'},'element':{'type':'file_input','action_id':'v'`+fields+`}}]`)
	return w.As("U0ANN")
}

// fetched is what the app gets at an address, redirects followed.
func fetched(t *testing.T, url, token string) (status int, contentType, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(content)
}

func TestAFileArrivesWithTheModalAndCanBeFetched(t *testing.T) {
	w, c := newWorld(t)
	api := connect(t, w, func(socketmode.Event) any { return nil })
	ann := attaching(t, w, `,'filetypes':['csv']`)
	if err := ann.Attach("List", "Our Guests (2).CSV", []byte(guestList)); err != nil {
		t.Fatal(err)
	}
	id := str(objects(ann.View().Values["list"]["v"]["files"])[0], "id")
	if _, _, _, err := api.GetFileInfoContext(t.Context(), id, 0, 0); code(err) != "file_not_found" {
		t.Errorf("before the modal is sent: %v", err)
	}
	if got := ann.View().Field("List"); got != "Our Guests (2).CSV" {
		t.Errorf("the field reads %q", got)
	}
	if err := ann.Submit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := objects(value(w.CallsOf("interactive")[0].Args, "list")["files"])[0]
	want := map[string]any{
		"id": id, "name": "Our Guests (2).CSV", "mimetype": "text/csv", "filetype": "csv", "size": len(guestList), "user": "U0ANN",
		"created": c.now().Unix(),
	}
	for key, value := range want {
		if diff := cmp.Diff(value, got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	info, _, _, err := api.GetFileInfoContext(t.Context(), id, 0, 0)
	if err != nil || info.Size != len(guestList) || info.Filetype != "csv" || info.URLPrivate != got["url_private"] {
		t.Fatalf("%+v, %v", info, err)
	}
	for _, url := range []string{info.URLPrivate, info.URLPrivateDownload} {
		var b bytes.Buffer
		if err := api.GetFileContext(t.Context(), url, &b); err != nil || b.String() != guestList {
			t.Errorf("%s: %q, %v", url, b.String(), err)
		}
		if !strings.HasPrefix(url, w.URL()+"/files-pri/"+TeamID+"-"+id+"/") || !strings.HasSuffix(url, "/our_guests_2_.csv") {
			t.Errorf("it is at %s", url)
		}
	}
	w.DeleteFile(id)
	if _, _, _, err := api.GetFileInfoContext(t.Context(), id, 0, 0); code(err) != "file_not_found" {
		t.Errorf("when it is deleted: %v", err)
	}
	if err := api.GetFileContext(t.Context(), info.URLPrivate, io.Discard); err == nil {
		t.Error("a deleted file can be fetched")
	}
}

func TestAFileIsNoFileWithoutTokenOrScope(t *testing.T) {
	sent := func(t *testing.T, w *World) string {
		t.Helper()
		connect(t, w, func(socketmode.Event) any { return nil })
		ann := attaching(t, w, "")
		if err := ann.Attach("List", "guests.csv", []byte(guestList)); err != nil {
			t.Fatal(err)
		}
		if err := ann.Submit(t.Context()); err != nil {
			t.Fatal(err)
		}
		return str(objects(value(w.CallsOf("interactive")[0].Args, "list")["files"])[0], "url_private")
	}
	w, _ := newWorld(t)
	url := sent(t, w)
	bot, app, _ := w.Credentials()
	for name, token := range map[string]string{"none": "", "a wrong one": "xoxb-wrong", "one of the wrong kind": app} {
		status, kind, body := fetched(t, url, token)
		if status != http.StatusOK || !strings.HasPrefix(kind, "text/html") || !strings.Contains(body, "Sign in") || strings.Contains(body, "jane") {
			t.Errorf("%s: %d %s %q", name, status, kind, body)
		}
	}
	if status, kind, body := fetched(t, url, bot); status != http.StatusOK || kind != "text/csv" || body != guestList {
		t.Errorf("%d %s %q", status, kind, body)
	}
	w.mu.Lock()
	w.cfg.Scopes = slices.DeleteFunc(slices.Clone(w.cfg.Scopes), func(s string) bool { return s == "files:read" })
	w.mu.Unlock()
	api := client(t, w)
	if _, kind, body := fetched(t, url, bot); kind == "text/csv" || strings.Contains(body, "jane") {
		t.Errorf("without the scope: %s %q", kind, body)
	}
	if err := api.GetFileContext(t.Context(), url, io.Discard); err == nil {
		t.Error("slack-go takes the page for the file")
	}
	if _, _, _, err := api.GetFileInfoContext(t.Context(), "F1", 0, 0); code(err) != "missing_scope" {
		t.Errorf("files.info: %v", err)
	}
	view := form("")
	view.Blocks.BlockSet = append(view.Blocks.BlockSet, slack.NewInputBlock("list", plainText("List"), nil, slack.NewFileInputBlockElement("v")))
	if _, err := api.OpenViewContext(t.Context(), trigger0(t, w, "U0ANN"), view); code(err) != "missing_scope" {
		t.Errorf("a modal that asks for files: %v", err)
	}
}

func TestFetchingAFileMayGoWrong(t *testing.T) {
	w, _ := newWorld(t)
	connect(t, w, func(socketmode.Event) any { return nil })
	ann := attaching(t, w, "")
	if err := ann.Attach("List", "guests.csv", []byte(guestList)); err != nil {
		t.Fatal(err)
	}
	url := str(objects(ann.View().Values["list"]["v"]["files"])[0], "url_private")
	bot, _, _ := w.Credentials()
	if status, _, _ := fetched(t, url, bot); status != http.StatusNotFound {
		t.Errorf("before it is sent: %d", status)
	}
	if err := ann.Submit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Fail("url_private", Fault{Status: http.StatusBadGateway, Body: "<html>Bad gateway</html>"})
	if status, _, _ := fetched(t, url, bot); status != http.StatusBadGateway {
		t.Errorf("got %d", status)
	}
	if status, _, body := fetched(t, url, bot); status != http.StatusOK || body != guestList {
		t.Errorf("the next time: %d %q", status, body)
	}
	if status, _, _ := fetched(t, strings.Replace(url, "guests", "other", 1), bot); status != http.StatusNotFound {
		t.Errorf("under another name: %d", status)
	}
	if got := len(w.CallsOf("url_private")); got != 4 {
		t.Errorf("%d calls are on record", got)
	}
}

func TestSlacksClientRefusesSomeFiles(t *testing.T) {
	tests := []struct {
		name, fields, file string
		size               int
		fits               bool
	}{
		{"any type", "", "guests.exe", 3, true},
		{"a listed type", `,'filetypes':['txt','csv']`, "guests.CSV", 3, true},
		{"a type that is not listed", `,'filetypes':['txt','csv']`, "guests.xlsx", 3, false},
		{"no type", `,'filetypes':['txt','csv']`, "csv", 3, false},
		{"an empty file", "", "guests.csv", 0, false},
		{"the largest", "", "guests.csv", maxFileBytes, true},
		{"a larger one", "", "guests.csv", maxFileBytes + 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t)
			if err := attaching(t, w, tt.fields).Attach("list", tt.file, make([]byte, tt.size)); (err == nil) != tt.fits {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFilesAreCountedKeptAndTakenOut(t *testing.T) {
	w, _ := newWorld(t)
	ann := attaching(t, w, `,'max_files':2`)
	for i, name := range []string{"a.csv", "b.csv", "c.csv"} {
		if err := ann.Attach("list", name, []byte("x")); (err == nil) != (i < 2) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.mu.Lock()
	v := w.topLocked("U0ANN")
	w.setLocked(v, v.json)
	w.mu.Unlock()
	if got := ann.View().Field("list"); got != "a.csv, b.csv" {
		t.Errorf("after an update: %q", got)
	}
	state := map[string]map[string]map[string]any{"list": {"v": {"files": []any{map[string]any{"id": "F1", "name": "forged.csv"}}}}}
	ann.enter(state)
	if err := ann.Detach("list", "a.csv"); err != nil || ann.View().Field("list") != "b.csv" {
		t.Errorf("%v; left: %q", err, ann.View().Field("list"))
	}
	if err := ann.Detach("list", "a.csv"); err == nil {
		t.Error("a file that is not there was taken out")
	}
	if err := ann.Fill("list", "a.csv"); err == nil {
		t.Error("a name alone is no file")
	}
	if err := ann.Detach("list", "b.csv"); err != nil {
		t.Fatal(err)
	}
	if err := ann.Submit(t.Context()); err == nil || ann.View().Error("List") == "" {
		t.Errorf("a required list was left out: %v", err)
	}
}
