// Adyen's own library as the terminal's side: it opens what the daemon sends, and seals the answers.
// One line on its output for each request; the first line is the port.
"use strict";

const fs = require("fs");
const https = require("https");

const [modules, key, certificate] = process.argv.slice(2);
const NexoCrypto = require(`${modules}/@adyen/api-library/lib/src/security/nexoCrypto.js`).default;
const securityKey = {
  AdyenCryptoVersion: 1, KeyIdentifier: "clinic", KeyVersion: 3, Passphrase: "a peer's passphrase",
};
const done = new Map();

function well(name, more) {
  return { [name]: { Response: { Result: "Success" }, ...more } };
}

function answer({ MessageHeader: header, ...request }) {
  if (request.DiagnosisRequest) {
    return well("DiagnosisResponse", { POIStatus: { GlobalStatus: "OK" } });
  }
  if (request.PaymentRequest) {
    const asked = request.PaymentRequest.PaymentTransaction.AmountsReq;
    const body = well("PaymentResponse", {
      POIData: { POITransactionID: { TransactionID: "BV0q001643892070000.VK9DRSLLRCQ2WN82", TimeStamp: new Date().toISOString() } },
      PaymentResult: {
        AmountsResp: { AuthorizedAmount: asked.RequestedAmount, Currency: asked.Currency },
        PaymentInstrumentData: { CardData: { MaskedPan: "411111 **** 1111", PaymentBrand: "visa", EntryMode: ["Contactless"] } },
      },
      PaymentReceipt: [],
    });
    done.set(header.ServiceID, body);
    // The second one is charged, and its answer lost.
    return done.size === 2 ? null : body;
  }
  if (request.TransactionStatusRequest) {
    const about = request.TransactionStatusRequest.MessageReference.ServiceID;
    return well("TransactionStatusResponse", {
      RepeatedMessageResponse: {
        MessageHeader: { ...header, MessageCategory: "Payment", ServiceID: about },
        RepeatedResponseMessageBody: done.get(about),
      },
    });
  }
  const body = well("ReversalResponse", { POIData: { POITransactionID: { TransactionID: "R.1", TimeStamp: new Date().toISOString() } } });
  return body;
}

function handle(text) {
  const { MessageHeader, ...sealed } = JSON.parse(text).SaleToPOIRequest;
  const plain = new NexoCrypto(securityKey).decrypt({ MessageHeader, ...sealed }, securityKey);
  const request = JSON.parse(plain).SaleToPOIRequest;
  if (JSON.stringify(request.MessageHeader) !== JSON.stringify(MessageHeader)) {
    throw new Error("other headers inside and outside");
  }
  console.log(plain);
  const body = answer(request);
  if (body === null) {
    return null;
  }
  const header = { ...MessageHeader, MessageType: "Response" };
  const message = JSON.stringify({ SaleToPOIResponse: { MessageHeader: header, ...body } });
  return JSON.stringify({ SaleToPOIResponse: NexoCrypto.encrypt(header, message, securityKey) });
}

const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, (request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    try {
      if (request.url !== "/nexo" || request.headers["content-type"] !== "application/json") {
        throw new Error(`asked for ${request.url}`);
      }
      const said = handle(Buffer.concat(parts).toString("utf-8"));
      if (said === null) {
        request.socket.destroy();
      } else {
        response.writeHead(200, { "Content-Type": "application/json" }).end(said);
      }
    } catch (error) {
      console.log(`WRONG ${error.message}`);
      response.writeHead(500).end();
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
