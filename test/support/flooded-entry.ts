/** A Worker that logs more than a pipe holds at each request, and counts how often its cron was rung. */

let rung = 0;

export default {
  fetch(): Response {
    for (let line = 0; line < 100; line += 1) console.log(`flood ${'x'.repeat(2_000)}`);
    return Response.json({ rung });
  },
  scheduled(): void {
    rung += 1;
    for (let line = 0; line < 100; line += 1) console.log(`flood ${'x'.repeat(2_000)}`);
  },
};
