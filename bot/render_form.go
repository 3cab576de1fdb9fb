package bot

import "github.com/slack-go/slack"

func option(value, text, description string) *slack.OptionBlockObject {
	o := slack.NewOptionBlockObject(value, plainText(typed(text), maxOption), nil)
	if description = typed(description); description != "" {
		o.Description = plainText(description, maxOption)
	}
	return o
}
