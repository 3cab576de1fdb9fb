// The submitted form of /invite-partner, taken by Bolt for JavaScript as its documentation shows it: with nothing kept
// (no argument), or with one durable SQLite transaction before the acknowledgement (the argument is the file).
// It listens on a free port of loopback, says which, and ends when its standard input does.
import bolt from '@slack/bolt';
import { keep, openStore } from './store.js';

const file = process.argv[2];
const store = file ? openStore(file) : null;

// Who the bot is was asked long ago on a real day, so it is known without a network.
const identity = { botToken: 'xoxb-bench', botId: 'B0BOT', botUserId: 'U0BOT' };
const app = new bolt.App({
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  authorize: async () => identity,
});

// The same fields as partnerbot reads, with the same rules as far as the measured forms can meet them.
app.view('invite', async ({ ack, body, view }) => {
  if (!store) {
    await ack();
    return;
  }
  const values = view.state.values;
  const draft = {
    requester: body.user.id,
    team: body.user.team_id,
    email: values.email.email.value.trim().toLowerCase(),
    name: values.name.name.value,
    company: values.company.company.value,
    access: values.access.access.selected_option.value,
    lasts: values.for.for.selected_option.value,
    reason: values.reason.reason.value,
  };
  const standing = keep(store, draft, new Date());
  if (standing) {
    await ack({ response_action: 'errors', errors: { email: `INV-${standing} is for the same guest and access.` } });
    return;
  }
  await ack();
});

const server = await app.start({ host: '127.0.0.1', port: 0 });
console.log(`listening 127.0.0.1:${server.address().port}`);

process.stdin.resume();
process.stdin.on('end', () => {
  console.log(`kept ${store ? store.count.get().n : -1}`);
  store?.db.close();
  process.exit(0);
});
