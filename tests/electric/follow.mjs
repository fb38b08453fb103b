// Follows shapes with Electric's own client and prints, a line of JSON each, every request and every batch of messages.
// Usage: node follow.mjs '{"url": ..., "params": {...}, "streams": 1}'
import "./local.mjs";
import { ShapeStream } from "@electric-sql/client";

const soon = { initialDelay: 100, maxDelay: 1000, multiplier: 2 };
const { streams = 1, ...options } = JSON.parse(process.argv[2]);
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

for (let number = 0; number < streams; number += 1) {
  const fetchClient = async (url, init) => {
    try {
      const answer = await fetch(url, init);
      print({ number, url: String(url), status: answer.status, handle: answer.headers.get("electric-handle") });
      return answer;
    } catch (error) {
      print({ number, url: String(url), status: 0, handle: null, why: String(error.cause ?? error) });
      throw error;
    }
  };
  const onError = (error) => print({ number, error: String(error) });
  const stream = new ShapeStream({ backoffOptions: soon, ...options, fetchClient, onError });
  stream.subscribe((messages) => print({ number, at: Date.now(), messages }));
  // One after the other: a client that is busy for seconds assumes that it has slept, and fetches again.
  await new Promise((done) => setTimeout(done, 10));
}
