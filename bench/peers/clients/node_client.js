// The npm package `smpp`: the window filled from the responses, what one read brings in one write.
//   node node_client.js JOB, as span.py says; NODE_PATH names the folder it is in.
// It writes PDU by PDU; its socket is corked meanwhile, so that they leave together.
'use strict';
const smpp = require('smpp');

const [port, systemId, ...numbers] = process.argv.slice(2);
const [count, warm, window, receipts] = numbers.map(Number);
const FIRST_NUMBER = 33600000000;
const TEXT = Buffer.from('x'.repeat(160));

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const session = smpp.connect({ host: '127.0.0.1', port }, () =>
  session.bind_transceiver({ system_id: systemId, password: 'x' }, (response) => {
    if (response.command_status) throw new Error(`bind: ${response.command_status}`);
    session.socket.setNoDelay(true);
    cast(FIRST_NUMBER + count, warm, () => {
      const began = process.hrtime.bigint();
      const before = cpu();
      cast(FIRST_NUMBER, count, () => {
        const used = cpu() - before;
        const seconds = Number(process.hrtime.bigint() - began) / 1e9;
        console.log(JSON.stringify({ seconds, cpu: used }));
        session.unbind(() => session.close());
      });
    });
  }));
session.on('error', (error) => {
  throw error;
});

let corked = false;
const cork = () => {
  if (corked) return;
  corked = true;
  session.socket.cork();
  // After everything that this read brought.
  setImmediate(() => {
    corked = false;
    session.socket.uncork();
  });
};

let received = () => {};
session.on('deliver_sm', (pdu) => {
  cork();
  session.send(pdu.response());
  if ((pdu.esm_class & 0x3c) === 4) received();
});

function cast(first, total, done) {
  let sent = 0;
  let accepted = 0;
  let reported = 0;
  const ended = () => {
    if (accepted === total && reported === (receipts ? total : 0)) setImmediate(done);
  };
  received = () => {
    reported += 1;
    ended();
  };
  const submit = () => {
    cork();
    session.submit_sm(
      {
        source_addr_ton: 5,
        source_addr: 'GOUV',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: String(first + sent),
        registered_delivery: receipts,
        short_message: TEXT,
      },
      answered,
    );
    sent += 1;
  };
  const answered = (response) => {
    if (response.command_status) throw new Error(`refused: ${response.command_status}`);
    accepted += 1;
    if (sent < total) submit();
    else ended();
  };
  while (sent < Math.min(window, total)) submit();
}
