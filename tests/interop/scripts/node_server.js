// An SMSC of the npm package `smpp`: node node_server.js OPTIONS, a JSON object:
//   certificate  a PEM file with key and certificate, for TLS
//   receipt_id   "decimal" writes in the text, in decimal, the message_id that the response has in
//                hexadecimal; "tlv" writes receipted_message_id as in the response
//   early        receipts go before their responses
// Each bind that receives is sent an enquire_link and three messages in four PDUs at once.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

const options = JSON.parse(process.argv[2]);
const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));
let last = 0xabc0de;

const content = (pdu) => {
  const field = pdu.short_message.message.length ? pdu.short_message : pdu.message_payload;
  const concatenation = (field.udh || []).map((octets) => [...octets]).find(([iei]) => iei === 0 || iei === 8);
  const sar = [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum];
  return { text: field.message, part: concatenation ? concatenation.slice(-2) : sar[1] ? sar.slice(1) : [1, 1] };
};

const receipt = (pdu, id) => {
  const failed = pdu.destination_addr.endsWith('7777');
  const written = options.receipt_id === 'decimal' ? String(id) : id.toString(16);
  const fields = {
    source_addr: pdu.destination_addr,
    source_addr_ton: 1,
    source_addr_npi: 1,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    data_coding: 0,
    short_message:
      `id:${written} sub:001 dlvrd:00${failed ? 0 : 1} submit date:2401020304 done date:2401020305 ` +
      `stat:${failed ? 'UNDELIV' : 'DELIVRD'} err:${failed ? '011' : '000'} text:Bon`,
  };
  if (options.receipt_id === 'tlv') {
    fields.receipted_message_id = id.toString(16);
    fields.message_state = failed ? 5 : 2;
  }
  return fields;
};

const deliveries = (session) => {
  const inbound = { source_addr: '33612345678', source_addr_ton: 1, destination_addr: '36180' };
  const part = (number) => Buffer.from([5, 0, 3, 42, 2, number]);
  session.enquire_link(() => tell('enquired'));
  for (const message of [
    { short_message: 'STOP', data_coding: 0 },
    { short_message: { udh: part(1), message: 'Où êtes-' }, data_coding: 8 },
    { short_message: { udh: part(2), message: 'vous ? 🌲' }, data_coding: 8 },
    { message_payload: 'çà et là', data_coding: 3 },
  ]) {
    session.deliver_sm({ ...inbound, ...message }, (response) =>
      tell('delivered', { status: response.command_status }));
  }
};

const pem = options.certificate && fs.readFileSync(options.certificate);
const server = smpp.createServer(pem ? { key: pem, cert: pem } : {}, (session) => {
  session.on('error', (error) => tell('error', { message: error.message }));
  session.on('close', () => tell('close'));
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(command, (pdu) => {
      tell(command, { system_id: pdu.system_id, version: pdu.interface_version });
      if (pdu.password !== 'secret') {
        session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
        return;
      }
      session.send(pdu.response({ system_id: 'node' }));
      if (command !== 'bind_transmitter') deliveries(session);
    });
  }
  session.on('submit_sm', (pdu) => {
    const id = (last += 1);
    const { destination_addr, source_addr, registered_delivery, data_coding } = pdu;
    tell('submit_sm', { to: destination_addr, source_addr, registered_delivery, data_coding, ...content(pdu) });
    const report = () =>
      registered_delivery & 1 &&
      session.deliver_sm(receipt(pdu, id), (response) => tell('receipted', { status: response.command_status }));
    if (options.early) report();
    session.send(pdu.response({ message_id: id.toString(16) }));
    if (!options.early) report();
  });
  session.on('query_sm', (pdu) =>
    session.send(pdu.response({ message_id: pdu.message_id, message_state: 2, final_date: '' })));
  session.on('enquire_link', (pdu) => {
    tell('enquire_link');
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    tell('unbind');
    session.send(pdu.response());
    session.close();
  });
});
server.listen(0, '127.0.0.1', () => tell('listening', { port: server.address().port }));
