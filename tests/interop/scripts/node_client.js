// An ESME of the npm package `smpp`: node node_client.js OPTIONS, a JSON object:
//   port, system_id, password
//   ca        a PEM file: speak TLS, and trust it
//   messages  [{to, text, coding, by}], `by` one of "short", "udh", "sar" and "payload"
//   inbound   how many messages to wait for before it unbinds
// It ends by itself when every message has its response and, delivered or not, its receipt.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

const options = JSON.parse(process.argv[2]);
const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));
const SEGMENT = 60; // characters: fits whatever the alphabet

const halves = (text) => {
  const parts = [];
  for (let at = 0; at < text.length; at += SEGMENT) parts.push(text.slice(at, at + SEGMENT));
  return parts;
};

const submits = ({ to, text, coding, by }, reference) => {
  const shared = { source_addr: 'GOUV', source_addr_ton: 5, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to };
  const fields = { ...shared, data_coding: coding, registered_delivery: 1 };
  if (by === 'payload') return [{ ...fields, message_payload: text }];
  if (by === 'short') return [{ ...fields, short_message: text }];
  return halves(text).map((message, at, all) =>
    by === 'udh'
      ? { ...fields, short_message: { udh: Buffer.from([5, 0, 3, reference, all.length, at + 1]), message } }
      : {
          ...fields,
          short_message: message,
          sar_msg_ref_num: reference,
          sar_total_segments: all.length,
          sar_segment_seqnum: at + 1,
        });
};

const where = { host: '127.0.0.1', port: options.port };
if (options.ca) Object.assign(where, { tls: true, ca: fs.readFileSync(options.ca), servername: 'localhost' });
const all = options.messages.flatMap(submits);
let answered = 0;
let receipts = 0;
let inbound = 0;
let asked = '';

const session = smpp.connect(where, () =>
  session.bind_transceiver({ system_id: options.system_id, password: options.password }, (response) => {
    const { command_status: status, system_id, sc_interface_version: version } = response;
    tell('bound', { status, system_id, version });
    if (status) {
      session.close();
      return;
    }
    for (const fields of all) {
      session.submit_sm(fields, ({ command_status, message_id }) => {
        tell('answered', { to: fields.destination_addr, status: command_status, message_id });
        answered += 1;
        asked = message_id;
        go();
      });
    }
  }));
session.on('error', (error) => {
  tell('error', { message: error.message });
  process.exit(1);
});
session.on('close', () => tell('close'));
session.on('deliver_sm', (pdu) => {
  const { source_addr, destination_addr, esm_class, receipted_message_id, message_state } = pdu;
  const text = pdu.short_message.message;
  const receipt = (esm_class & 0x3c) === 4;
  tell(receipt ? 'receipt' : 'inbound', { source_addr, destination_addr, text, receipted_message_id, message_state });
  session.send(pdu.response());
  if (receipt) receipts += 1;
  else inbound += 1;
  go();
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));

const go = () => {
  if (answered < all.length || receipts < all.length || inbound < options.inbound) return;
  session.query_sm({ message_id: asked, source_addr: 'GOUV', source_addr_ton: 5 }, (found) => {
    tell('queried', { status: found.command_status, message_state: found.message_state });
    session.enquire_link((alive) => {
      tell('enquired', { status: alive.command_status });
      session.unbind((unbound) => {
        tell('unbound', { status: unbound.command_status });
        session.close();
      });
    });
  });
};
